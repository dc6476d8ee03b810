/** Sizes a turn's output grows through; nearly all connections owe less than the first in a turn. */
const SIZES: readonly number[] = [512, 8192, 65_536];
/** Bytes allocated at once for the smaller sizes. */
const SLAB_BYTES = 65_536;
/** Free bytes kept per size; what comes back beyond it is left to the garbage collector. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;

export const LARGEST_CHUNK_BYTES = 65_536;

/** Buffers for output that is about to be written, used again as soon as the kernel has taken it. */
export class ChunkPool {
  readonly #free: Buffer[][] = SIZES.map(() => []);
  #outstandingBytes = 0;

  /** Bytes handed out and not given back: what all connections together wait with. */
  get outstandingBytes(): number {
    return this.#outstandingBytes;
  }

  /** At least `bytes` long, contents undefined. */
  take(bytes: number): Buffer {
    const chunk = this.#takeFree(bytes);
    this.#outstandingBytes += chunk.length;
    return chunk;
  }

  /** Nobody may touch the chunk after this. */
  give(chunk: Buffer): void {
    this.#outstandingBytes -= chunk.length;
    const size = SIZES.indexOf(chunk.length);
    const free = this.#free[size];
    if (free !== undefined && free.length * chunk.length < MAX_FREE_BYTES) free.push(chunk);
  }

  /** The chunk is not used any more, but somebody outside may still be reading it: not for reuse. */
  forget(chunk: Buffer): void {
    this.#outstandingBytes -= chunk.length;
  }

  #takeFree(bytes: number): Buffer {
    for (let index = 0; index < SIZES.length; index++) {
      const size = SIZES[index] as number;
      if (bytes > size) continue;
      const free = this.#free[index] as Buffer[];
      const chunk = free.pop();
      if (chunk !== undefined) return chunk;
      const slab = Buffer.allocUnsafeSlow(Math.max(size, SLAB_BYTES));
      for (let at = size; at + size <= slab.length; at += size) {
        free.push(slab.subarray(at, at + size));
      }
      return slab.subarray(0, size);
    }
    return Buffer.allocUnsafeSlow(bytes);
  }
}
