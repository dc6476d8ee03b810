import type { Store, Write } from './store.js';
import { StoreError } from './store-error.js';

/** Writes of one commit while copying. */
const CHUNK = 2000;

/**
 * Copies all entries of one store into another, as one core does that grows from the embedded engine to etcd.
 * `leases`: by the id of a lease of the source, the lease of the target that its entries go onto; entries on
 * any other lease stay behind. What is there already under the same keys is not overwritten, and then it
 * throws; so the target should be empty.
 * Returns the number of entries copied and the revision of the source they are as of.
 * @throws StoreError BAD_CONFIG when the target has entries of the same keys with other values
 */
export async function copyStore(
  from: Store,
  to: Store,
  leases: ReadonlyMap<string, string> = new Map(),
): Promise<{ copied: number; revision: number }> {
  const { entries, revision } = await from.read('');
  const lasting = entries.filter(({ lease }) => lease === undefined || leases.has(lease));
  for (let at = 0; at < lasting.length; at += CHUNK) {
    const chunk = lasting.slice(at, at + CHUNK);
    const outcomes = await to.commit(
      chunk.map(({ key, value, lease }): Write => {
        const target = lease === undefined ? undefined : leases.get(lease);
        const onLease = target === undefined ? {} : { lease: target };
        return {
          when: [{ key, revision: 0 }],
          operations: [{ put: key, value, ...onLease }],
        };
      }),
    );
    const taken = chunk.filter((_, index) => outcomes[index]?.done === false);
    if (taken.length > 0) await checkSame(to, taken);
  }
  return { copied: lasting.length, revision };
}

/** A copy that was begun before and interrupted may be gone on with. */
async function checkSame(
  to: Store,
  entries: readonly { key: string; value: Buffer }[],
): Promise<void> {
  const outcomes = await to.commit(
    entries.map(({ key, value }) => ({ when: [{ key, value }], operations: [] })),
  );
  const other = entries.find((_, index) => outcomes[index]?.done === false);
  if (other === undefined) return;
  throw new StoreError(
    'BAD_CONFIG',
    `the ${to.engine} store to copy into has another value at ${other.key}; copy into an empty one`,
  );
}
