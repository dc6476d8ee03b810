import { MAX_OPERATIONS, type Write } from './store.js';

/** Both engines take what either can: a write that asks for more is a mistake of the program. */
export function checkWrites(writes: readonly Write[]): void {
  for (const { when, operations } of writes) {
    const size = Math.max(operations.length, when?.length ?? 0);
    if (size > MAX_OPERATIONS) {
      throw new RangeError(
        `a write has ${size} operations or conditions, the most is ${MAX_OPERATIONS}`,
      );
    }
    if (operations.length < 2) continue;
    const keys = new Set(operations.map((each) => ('put' in each ? each.put : each.delete)));
    if (keys.size < operations.length) {
      throw new RangeError('a write has two operations on the same key');
    }
  }
}
