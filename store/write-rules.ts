import { MAX_OPERATIONS, type Operation, type Write } from './store.js';

export function keyOf(operation: Operation): string {
  return 'put' in operation ? operation.put : operation.delete;
}

/** What both engines refuse alike. These are mistakes of the caller, not states of the store. */
export function checkWrites(writes: readonly Write[]): void {
  for (const { operations, when = [] } of writes) {
    if (operations.length > MAX_OPERATIONS || when.length > MAX_OPERATIONS) {
      const count = Math.max(operations.length, when.length);
      throw new RangeError(
        `a write has ${count} operations or compares, at most ${MAX_OPERATIONS} are allowed`,
      );
    }
    for (const { key } of when) if (key === '') throw new RangeError('a compare has an empty key');
    if (operations.length === 1) {
      if (keyOf(operations[0]!) === '') throw new RangeError('an operation has an empty key');
      continue;
    }
    const keys = new Set(operations.map(keyOf));
    if (keys.has('')) throw new RangeError('an operation has an empty key');
    if (keys.size < operations.length) {
      throw new RangeError('a write has two operations on the same key');
    }
  }
}
