import type { ChunkPool } from './chunk-pool.js';
import { LARGEST_CHUNK_BYTES } from './chunk-pool.js';
import type { Turn } from './turn.js';

/** The way out of one connection, whatever the transport. */
export interface Transport {
  /**
   * Sends the bytes. True: they are taken and the buffer may be used again. False: the transport holds on to
   * the buffer and takes nothing more until it calls `outbox.drained()`.
   */
  write(bytes: Buffer): boolean;
  /** Closes in order: what was written is sent first. */
  end(): void;
  /** Closes now, what was not sent is lost. */
  destroy(): void;
}

const EMPTY = Buffer.alloc(0);

/**
 * What one connection is owed. Bytes of one turn of the event loop are put together in one buffer and leave
 * in one write at the end of the turn (Turn); while the transport is not taking any, they wait here, and the
 * session looks at `pendingBytes` before it adds more.
 *
 * Writing: `const at = outbox.reserve(n)`, then fill `outbox.buffer[at .. at + n)`.
 */
export class Outbox {
  buffer: Buffer = EMPTY;
  /** Bytes of `buffer` in use. */
  used = 0;
  readonly #turn: Turn;
  readonly #transport: Transport;
  /** The buffer the transport holds on to; there while it takes nothing. */
  #taken: Buffer | undefined = undefined;
  /** Full buffers behind it, with their used lengths. */
  #waiting: { chunk: Buffer; used: number }[] | undefined = undefined;
  #waitingBytes = 0;
  #closed = false;
  /** `end` was asked for while bytes still waited. */
  #ending = false;

  constructor(turn: Turn, transport: Transport) {
    this.#turn = turn;
    this.#transport = transport;
  }

  /** Bytes not yet taken by the transport. */
  get pendingBytes(): number {
    return this.used + this.#waitingBytes;
  }

  /** The transport is not taking bytes now. */
  get blocked(): boolean {
    return this.#taken !== undefined;
  }

  get #pool(): ChunkPool {
    return this.#turn.pool;
  }

  /** Room for `bytes` more; returns where in `buffer` they begin. The room counts as used at once. */
  reserve(bytes: number): number {
    const at = this.used;
    const end = at + bytes;
    if (end > this.buffer.length) return this.#makeRoom(bytes);
    this.used = end;
    return at;
  }

  /** Appends bytes that exist already. */
  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Hands what is in the buffer to the transport; does nothing while that takes none. */
  flush(): void {
    if (this.used === 0 || this.#taken !== undefined) return;
    const { buffer, used } = this;
    this.buffer = EMPTY;
    this.used = 0;
    this.#send(buffer, used);
  }

  /** The transport's answer to a write that returned false. Returns true when nothing waits any more. */
  drained(): boolean {
    if (this.#taken === undefined) return this.used === 0;
    this.#pool.give(this.#taken);
    this.#taken = undefined;
    this.#waitingBytes = this.#waiting?.reduce((sum, { used }) => sum + used, 0) ?? 0;
    while (this.#taken === undefined) {
      const next = this.#waiting?.shift();
      if (next === undefined) break;
      this.#waitingBytes -= next.used;
      this.#send(next.chunk, next.used);
    }
    this.flush();
    if (this.#ending && this.#taken === undefined) this.#transport.end();
    return this.#taken === undefined;
  }

  /** Sends what is there, then closes the connection in order. */
  end(): void {
    if (this.#closed) return;
    this.flush();
    if (this.#taken === undefined) this.#transport.end();
    else this.#ending = true;
  }

  destroy(): void {
    this.#transport.destroy();
  }

  /** The connection is gone: gives all buffers back. Later writes go nowhere. */
  close(): void {
    this.#closed = true;
    this.#discard();
    for (const { chunk } of this.#waiting ?? []) this.#pool.give(chunk);
    this.#waiting = undefined;
    // A transport that is still writing keeps its buffer; that one must not be used again.
    if (this.#taken !== undefined) this.#turn.pool.forget(this.#taken);
    this.#taken = undefined;
    this.#waitingBytes = 0;
  }

  #send(chunk: Buffer, used: number): void {
    if (this.#transport.write(used === chunk.length ? chunk : chunk.subarray(0, used))) {
      this.#pool.give(chunk);
      return;
    }
    this.#taken = chunk;
    this.#waitingBytes += used;
  }

  #discard(): void {
    if (this.buffer !== EMPTY) this.#pool.give(this.buffer);
    this.buffer = EMPTY;
    this.used = 0;
  }

  #makeRoom(bytes: number): number {
    if (this.#closed) {
      // Whoever still writes gets a place to write to, which is thrown away.
      this.buffer = Buffer.allocUnsafe(bytes);
      this.used = 0;
      return 0;
    }
    const { buffer, used } = this;
    if (used === 0) {
      // First, for this may write out what the turn has so far, and the room is not filled yet.
      if (this.#taken === undefined) this.#turn.add(this);
      this.buffer = this.#pool.take(bytes);
      this.used = bytes;
      return 0;
    }
    if (used + bytes <= LARGEST_CHUNK_BYTES) {
      const larger = this.#pool.take(used + bytes);
      buffer.copy(larger, 0, 0, used);
      this.#pool.give(buffer);
      this.buffer = larger;
      this.used = used + bytes;
      return used;
    }
    this.buffer = EMPTY;
    this.used = 0;
    if (this.#taken === undefined) this.#send(buffer, used);
    else {
      this.#waiting ??= [];
      this.#waiting.push({ chunk: buffer, used });
      this.#waitingBytes += used;
    }
    return this.#makeRoom(bytes);
  }
}
