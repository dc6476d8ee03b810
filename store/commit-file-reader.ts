import type { FileHandle } from 'node:fs/promises';
import {
  FRAME_HEAD_BYTES,
  FRAME_MAGIC,
  frameAt,
  type RecordVisitor,
  readFrame,
} from './records.js';
import { StoreError } from './store-error.js';

const BLOCK_BYTES = 4 * 1024 * 1024;

/** First bytes of the file; the number is the version of what follows. */
export const FILE_HEAD = Buffer.from('fleetgauge store 1\n');

export interface FileContent {
  /** Length of what is whole. */
  goodBytes: number;
  /** What lies behind it: a write that a crash interrupted. */
  tornBytes: number;
}

/**
 * Hands all records to the visitor. A broken frame with whole ones behind it is no torn tail, for a frame is
 * written only after the one before it was synced: then acknowledged commits are lost, and it throws.
 */
export async function readCommitFile(
  file: FileHandle,
  path: string,
  visitor: RecordVisitor,
): Promise<FileContent> {
  const { size } = await file.stat();
  const head = Buffer.alloc(Math.min(FILE_HEAD.length, size));
  await file.read(head, 0, head.length, 0);
  if (!FILE_HEAD.subarray(0, head.length).equals(head)) {
    throw new StoreError(
      'BAD_CONFIG',
      `${path} is not a store file of this version; name another file`,
    );
  }
  if (size < FILE_HEAD.length) return { goodBytes: 0, tornBytes: size };

  let goodBytes = FILE_HEAD.length;
  let readTo = goodBytes;
  let rest: Buffer = Buffer.alloc(0);
  while (readTo < size) {
    const block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, missingBytes(rest)));
    const { bytesRead } = await file.read(block, 0, block.length, readTo);
    if (bytesRead === 0) break;
    readTo += bytesRead;
    rest = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    let at = 0;
    for (let length = frameAt(rest, 0); length > 0; length = frameAt(rest, at)) {
      readFrame(rest.subarray(at, at + length), visitor);
      at += length;
    }
    goodBytes += at;
    rest = rest.subarray(at);
    // A frame that is whole here but wrong does not get better with more bytes.
    if (missingBytes(rest) === 0 && rest.length >= FRAME_HEAD_BYTES) break;
  }
  if (goodBytes < size) await refuseDamage(file, path, goodBytes, size);
  return { goodBytes, tornBytes: size - goodBytes };
}

/** How much more of the frame at the beginning is to come, as far as its head can be believed. */
function missingBytes(rest: Buffer): number {
  if (rest.length < FRAME_HEAD_BYTES || !rest.subarray(0, 4).equals(FRAME_MAGIC)) return 0;
  return Math.max(0, FRAME_HEAD_BYTES + rest.readUInt32LE(4) - rest.length);
}

async function refuseDamage(
  file: FileHandle,
  path: string,
  from: number,
  size: number,
): Promise<void> {
  const tail = Buffer.allocUnsafe(size - from);
  await file.read(tail, 0, tail.length, from);
  for (let at = tail.indexOf(FRAME_MAGIC, 1); at >= 0; at = tail.indexOf(FRAME_MAGIC, at + 1)) {
    if (frameAt(tail, at) === 0) continue;
    throw new StoreError(
      'DAMAGED',
      `${path}: unreadable at byte ${from}, with whole commits after it; restore it from a copy, or cut it there to lose them`,
    );
  }
}
