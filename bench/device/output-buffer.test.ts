import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { OutputBuffer } from './output-buffer.js';

/** A socket that takes bytes at once, or keeps the very buffers it was given until it is let go. */
function recordingSocket(slow: boolean): { socket: Writable; kept: Buffer[]; release(): void } {
  const kept: Buffer[] = [];
  const waiting: (() => void)[] = [];
  const socket = new Writable({
    highWaterMark: 1 << 20,
    write(chunk: Buffer, _encoding, done) {
      kept.push(slow ? chunk : Buffer.from(chunk));
      if (slow) waiting.push(done);
      else done();
    },
  });
  return {
    socket,
    kept,
    release() {
      while (waiting.length > 0) waiting.shift()!();
    },
  };
}

for (const slow of [false, true]) {
  test(`bytes reach a ${slow ? 'slow' : 'quick'} socket in order and unharmed by later turns`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 6 }), { maxLength: 8 }),
        (turns) => {
          const output = new OutputBuffer();
          const { socket, kept, release } = recordingSocket(slow);
          const expected: Buffer[] = [];
          let fill = 0;
          for (const turn of turns) {
            for (const size of turn) {
              fill = (fill + 1) & 0xff;
              const piece = Buffer.alloc(size, fill);
              output.append(piece, socket);
              expected.push(piece);
            }
            output.flush(socket);
          }
          while (socket.writableLength > 0) release();
          assert.ok(Buffer.concat(kept).equals(Buffer.concat(expected)));
        },
      ),
      { numRuns: 30 },
    );
  });
}
