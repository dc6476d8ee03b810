import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OutputBuffer } from './output-buffer.js';

/** Takes bytes at once, or keeps the very buffers that it was given. */
class Recorder {
  readonly #slow: boolean;
  readonly #kept: Uint8Array[] = [];

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const own = bytes.subarray(start, end);
    this.#kept.push(this.#slow ? own : Buffer.from(own));
    // What is in front is the outlet's to write in.
    bytes.fill(0xff, 0, start);
    assert.ok(start >= 14, `${start}`);
    return !this.#slow;
  }

  get all(): Buffer {
    return Buffer.concat(this.#kept);
  }
}

for (const slow of [false, true]) {
  test(`bytes reach a ${slow ? 'slow' : 'quick'} outlet in order and unharmed by later turns`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 6 }), { maxLength: 8 }),
        (turns) => {
          const output = new OutputBuffer();
          const recorder = new Recorder(slow);
          const expected: Buffer[] = [];
          let fill = 0;
          for (const turn of turns) {
            for (const size of turn) {
              fill = (fill + 1) & 0xff;
              const piece = Buffer.alloc(size, fill);
              output.append(piece, recorder);
              expected.push(piece);
            }
            output.flush(recorder);
          }
          assert.ok(recorder.all.equals(Buffer.concat(expected)));
        },
      ),
      { numRuns: 30 },
    );
  });
}
