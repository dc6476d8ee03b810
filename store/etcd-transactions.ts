import type {
  ICompare,
  IKeyValue,
  IRequestOp,
  IResponseOp,
  ITxnRequest,
  ITxnResponse,
} from 'etcd3';
import { type EtcdKeys, entryOf } from './etcd-keys.js';
import { type Compare, MAX_OPERATIONS, type Operation, type Outcome, type Write } from './store.js';
import { keyOf } from './write-rules.js';

/** Bytes of keys and values in one transaction; etcd takes requests up to 1.5 MiB by default. */
const MAX_BYTES = 1_048_576;

/**
 * Cuts writes into groups of which each becomes one etcd transaction, order kept. What etcd asks for:
 * - no more than MAX_OPERATIONS operations (`--max-txn-ops`), where a nested transaction has what its parents leave;
 * - no key changed twice in a transaction;
 * - it looks at the conditions of all nested transactions before it carries out any operation, so that a
 *   condition must not look at a key that an earlier write of the same transaction changes.
 */
export function* transactionsOf(writes: readonly Write[]): Generator<Write[]> {
  let group: Write[] = [];
  let touched = new Set<string>();
  let operations = 0;
  let places = 0;
  let widest = 0;
  let bytes = 0;
  for (const write of writes) {
    const size = sizeOf(write);
    const nested = Math.max(write.operations.length, write.when?.length ?? 0);
    const isConditional = (write.when?.length ?? 0) > 0;
    const newPlaces = places + (isConditional ? 1 : write.operations.length);
    const newWidest = Math.max(widest, isConditional ? nested : 0);
    const fits =
      group.length === 0 ||
      (operations + write.operations.length <= MAX_OPERATIONS &&
        newPlaces + newWidest <= MAX_OPERATIONS &&
        bytes + size <= MAX_BYTES &&
        !touches(write, touched));
    if (fits) {
      group.push(write);
      operations += write.operations.length;
      places = newPlaces;
      widest = newWidest;
      bytes += size;
    } else {
      yield group;
      group = [write];
      touched = new Set();
      operations = write.operations.length;
      places = isConditional ? 1 : write.operations.length;
      widest = isConditional ? nested : 0;
      bytes = size;
    }
    for (const operation of write.operations) touched.add(keyOf(operation));
  }
  if (group.length > 0) yield group;
}

/** A single write is the transaction itself; of several, those with a condition are nested ones. */
export function requestOf(group: readonly Write[], keys: EtcdKeys): ITxnRequest {
  const [only] = group;
  if (group.length === 1 && only !== undefined) return transactionOf(only, keys);
  return {
    success: group.flatMap((write): IRequestOp[] =>
      isUnconditional(write)
        ? write.operations.map((operation) => requestOperation(operation, keys))
        : [{ request_txn: transactionOf(write, keys) }],
    ),
  };
}

export function outcomesOf(
  group: readonly Write[],
  response: ITxnResponse,
  keys: EtcdKeys,
): Outcome[] {
  const revision = Number(response.header.revision);
  const outcome = (done: boolean, responses: readonly IResponseOp[]): Outcome =>
    done
      ? { done, revision, previous: responses.map((each) => previousOf(each, keys)) }
      : { done, revision, previous: [] };
  if (group.length === 1) return [outcome(response.succeeded, response.responses)];
  let at = 0;
  return group.map((write) => {
    if (isUnconditional(write)) {
      const from = at;
      at += write.operations.length;
      return outcome(true, response.responses.slice(from, at));
    }
    const nested = (response.responses[at++] as IResponseOp).response_txn;
    return outcome(nested.succeeded, nested.responses);
  });
}

function isUnconditional(write: Write): boolean {
  return write.when === undefined || write.when.length === 0;
}

function transactionOf({ when, operations }: Write, keys: EtcdKeys): ITxnRequest {
  return {
    compare: (when ?? []).map((compare) => requestCompare(compare, keys)),
    success: operations.map((operation) => requestOperation(operation, keys)),
  };
}

function requestCompare(compare: Compare, keys: EtcdKeys): ICompare {
  const key = keys.bytesOf(compare.key);
  return 'revision' in compare
    ? { key, result: 'Equal', target: 'Mod', mod_revision: compare.revision }
    : { key, result: 'Equal', target: 'Value', value: compare.value };
}

function requestOperation(operation: Operation, keys: EtcdKeys): IRequestOp {
  if ('delete' in operation) {
    return { request_delete_range: { key: keys.bytesOf(operation.delete), prev_kv: true } };
  }
  const { put, value, lease = '0' } = operation;
  return { request_put: { key: keys.bytesOf(put), value, lease, prev_kv: true } };
}

function previousOf(response: IResponseOp, keys: EtcdKeys) {
  // What is not there comes as null or not at all, whatever the types say.
  const put: { prev_kv: IKeyValue | null } | null | undefined = response.response_put;
  const before = put?.prev_kv ?? response.response_delete_range?.prev_kvs[0];
  return before === undefined ? undefined : entryOf(before, keys);
}

function touches(write: Write, touched: ReadonlySet<string>): boolean {
  return (
    write.operations.some((operation) => touched.has(keyOf(operation))) ||
    (write.when?.some(({ key }) => touched.has(key)) ?? false)
  );
}

function sizeOf({ when, operations }: Write): number {
  let size = 0;
  for (const compare of when ?? []) {
    size += compare.key.length + ('value' in compare ? compare.value.length : 8);
  }
  for (const operation of operations) {
    size +=
      'put' in operation ? operation.put.length + operation.value.length : operation.delete.length;
  }
  return size;
}
