import fc from 'fast-check';
import type { Compare, Operation, Outcome, Write } from '../store.js';

/** What a store is: keys with values and revisions, and writes one after the other. */
export class Model {
  readonly entries = new Map<string, { value: string; revision: number }>();

  /** Whether the write should be done. Takes its revision from the outcome, if it was. */
  carryOut({ when = [], operations }: Write, { revision }: Outcome): ModelOutcome {
    const holds = when.every((compare) => {
      const entry = this.entries.get(compare.key);
      return 'value' in compare
        ? entry?.value === compare.value.toString('latin1')
        : (entry?.revision ?? 0) === compare.revision;
    });
    if (!holds) return { done: false, previous: [] };
    const previous = operations.map((operation) => {
      const key = 'put' in operation ? operation.put : operation.delete;
      return this.entries.get(key)?.value;
    });
    for (const operation of operations) {
      if ('put' in operation) {
        const value = operation.value.toString('latin1');
        this.entries.set(operation.put, { value, revision });
      } else this.entries.delete(operation.delete);
    }
    return { done: true, previous };
  }
}

export interface ModelOutcome {
  done: boolean;
  previous: (string | undefined)[];
}

/** A compare by what the model says when the commit is made up, or by something else. */
export type CompareIdea =
  | { key: string; by: 'absent' | 'current revision' | 'other revision' | 'current value' }
  | { key: string; by: 'some value'; value: Buffer };

export interface WriteIdea {
  when: CompareIdea[];
  operations: Operation[];
}

const key = fc.constantFrom('a', 'a/b', 'a/b/c', 'b', 'ä', '𝄞', 'z\uffff', '\u0001');
const value = fc.oneof(
  fc.constantFrom('', 'one', 'two').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: key, value }) },
  { weight: 1, arbitrary: fc.record({ delete: key }) },
);
const compare: fc.Arbitrary<CompareIdea> = fc.oneof(
  fc.record({
    key,
    by: fc.constantFrom(
      'absent' as const,
      'current revision' as const,
      'other revision' as const,
      'current value' as const,
    ),
  }),
  fc.record({ key, by: fc.constant('some value' as const), value }),
);

/** Commits of several writes each, on few keys, so that they meet. */
export const commits: fc.Arbitrary<WriteIdea[][]> = fc.array(
  fc.array(
    fc.record({
      when: fc.array(compare, { maxLength: 2 }),
      operations: fc.uniqueArray(operation, {
        maxLength: 4,
        selector: (item) => ('put' in item ? item.put : item.delete),
      }),
    }),
    { maxLength: 6 },
  ),
  { maxLength: 8 },
);

export function writeOf({ when, operations }: WriteIdea, prefix: string, model: Model): Write {
  return {
    when: when.map((idea) => compareOf(idea, `${prefix}${idea.key}`, model)),
    operations: operations.map((item) =>
      'put' in item
        ? { put: prefix + item.put, value: item.value }
        : { delete: prefix + item.delete },
    ),
  };
}

function compareOf(idea: CompareIdea, key: string, model: Model): Compare {
  const entry = model.entries.get(key);
  switch (idea.by) {
    case 'absent':
      return { key, revision: 0 };
    case 'current revision':
      return { key, revision: entry?.revision ?? 0 };
    case 'other revision':
      return { key, revision: (entry?.revision ?? 0) + 1 };
    case 'current value':
      return { key, value: Buffer.from(entry?.value ?? 'absent', 'latin1') };
    case 'some value':
      return { key, value: idea.value };
  }
}
