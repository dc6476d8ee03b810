/** Where answers go by a request's topic, where it has no Response Topic: text with `{1}`, `{2}`, … for its levels. */
export class AnswerTopic {
  readonly #pieces: readonly (Uint8Array | number)[];
  /** The highest level that is asked for. */
  readonly levels: number;

  constructor(source: string) {
    this.#pieces = source
      .split(/(\{[1-9]\d?\})/)
      .filter((piece) => piece !== '')
      .map((piece) => (LEVEL.test(piece) ? Number(piece.slice(1, -1)) : Buffer.from(piece)));
    this.levels = Math.max(0, ...this.#pieces.map((p) => (typeof p === 'number' ? p : 0)));
  }

  /**
   * Writes the topic that answers a request on `bytes[start..end)`. Returns the offset behind it, or -1 where the
   * request's topic has too few levels. `into` has room: at most the source and the whole topic for each level.
   */
  write(into: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
    let next = at;
    for (let k = 0; k < this.#pieces.length; k++) {
      const piece = this.#pieces[k]!;
      if (typeof piece !== 'number') {
        into.set(piece, next);
        next += piece.length;
        continue;
      }
      let from = start;
      for (let level = 1; level < piece; level++) {
        while (from < end && bytes[from] !== SLASH) from++;
        if (from === end) return -1;
        from++;
      }
      while (from < end && bytes[from] !== SLASH) into[next++] = bytes[from++]!;
    }
    return next;
  }
}

const LEVEL = /^\{[1-9]\d?\}$/;
const SLASH = 0x2f;
