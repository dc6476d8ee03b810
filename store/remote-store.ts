import type { Line, LineMessage } from './line.js';
import type { StoreAnswer, StoreRequest, WireEntry, WireOutcome } from './served-store.js';
import type { Entry, Lease, Outcome, Snapshot, Store, Watch, Watcher, Write } from './store.js';
import { StoreError, type StoreErrorCode } from './store-error.js';
import { checkWrites } from './write-rules.js';

interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: StoreError) => void;
}

type Body = StoreRequest extends infer R
  ? R extends StoreRequest
    ? Omit<R, 'store'>
    : never
  : never;

/**
 * A store that another process has, at the other end of a line. It lasts as long as the line: when that breaks,
 * what is under way fails with UNAVAILABLE, leases are lost, watches say that they are not connected and never speak
 * again. Whoever wants to go on dials and reads anew.
 */
export class RemoteStore implements Store {
  readonly engine = 'embedded';
  readonly #line: Line;
  readonly #pending = new Map<number, Pending>();
  readonly #watchers = new Map<number, Watcher>();
  readonly #leases = new Map<string, () => void>();
  #last = 0;
  #gone: string | undefined;

  constructor(line: Line) {
    this.#line = line;
  }

  /** To be called with each message of the line; false: it is none of this store's. */
  take({ head }: LineMessage): boolean {
    const answer = head as StoreAnswer;
    if ('stored' in answer) this.#answered(answer);
    else if ('watched' in answer) this.#watched(answer);
    else if ('lost' in answer) this.#leaseLost(answer.lost);
    else return false;
    return true;
  }

  /** To be called when the line is gone. */
  lineClosed(why: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = why;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(this.#error());
    for (const watcher of this.#watchers.values()) watcher.connected?.(false);
    this.#watchers.clear();
    for (const id of [...this.#leases.keys()]) this.#leaseLost(id);
  }

  async read(prefix: string): Promise<Snapshot> {
    const { revision, entries } = (await this.#ask({ op: 'read', prefix })) as {
      revision: number;
      entries: WireEntry[];
    };
    return { revision, entries: entries.map(entryOf) };
  }

  async commit(writes: readonly Write[]): Promise<Outcome[]> {
    checkWrites(writes);
    const wire = writes.map(({ when, operations }) => ({
      ...(when === undefined ? {} : { when: when.map(withText) }),
      operations: operations.map((operation) =>
        'delete' in operation ? operation : withText(operation),
      ),
    }));
    return ((await this.#ask({ op: 'commit', writes: wire })) as WireOutcome[]).map(outcomeOf);
  }

  watch(prefix: string, fromRevision: number, watcher: Watcher): Watch {
    if (this.#gone !== undefined) throw this.#error();
    const number = this.#last + 1;
    this.#watchers.set(number, watcher);
    this.#ask({ op: 'watch', prefix, from: fromRevision }).then(
      () => watcher.connected?.(true),
      () => undefined,
    );
    return {
      close: () => {
        this.#watchers.delete(number);
        if (this.#gone === undefined) {
          this.#ask({ op: 'unwatch', watch: number }).catch(() => undefined);
        }
      },
    };
  }

  async lease(ttlMs: number, lost: () => void): Promise<Lease> {
    const id = String(await this.#ask({ op: 'lease', ttlMs }));
    this.#leases.set(id, lost);
    return {
      id,
      revoke: async () => {
        this.#leases.delete(id);
        await this.#ask({ op: 'revoke', lease: id });
      },
      letGo: () => {
        this.#leases.delete(id);
        if (this.#gone === undefined) {
          this.#ask({ op: 'letGo', lease: id }).catch(() => undefined);
        }
      },
    };
  }

  async revoke(leaseId: string): Promise<void> {
    await this.#ask({ op: 'revoke', lease: leaseId });
    this.#leaseLost(leaseId);
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const ids = [...this.#leases.keys()];
    this.#leases.clear();
    await Promise.allSettled(ids.map((lease) => this.#ask({ op: 'revoke', lease })));
    this.lineClosed('this store is closed');
    this.#line.end();
  }

  #ask(body: Body): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#error());
    const store = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(store, { resolve, reject });
      this.#line.send({ store, ...body });
    });
  }

  #answered(answer: Extract<StoreAnswer, { stored: number }>): void {
    const pending = this.#pending.get(answer.stored);
    this.#pending.delete(answer.stored);
    if ('result' in answer) {
      pending?.resolve(answer.result);
      return;
    }
    const { code, message, outcomes } = answer.error;
    pending?.reject(
      new StoreError(code as StoreErrorCode, message, {
        ...(outcomes === undefined
          ? {}
          : { outcomes: outcomes.map((each) => (each === null ? undefined : outcomeOf(each))) }),
      }),
    );
  }

  #watched(answer: Extract<StoreAnswer, { watched: number }>): void {
    const watcher = this.#watchers.get(answer.watched);
    if ('compacted' in answer) {
      this.#watchers.delete(answer.watched);
      watcher?.compacted();
      return;
    }
    watcher?.changes(
      answer.changes.map(({ key, value, revision }) => ({
        key,
        value: value === null ? undefined : Buffer.from(value, 'base64'),
        revision,
      })),
    );
  }

  #leaseLost(id: string): void {
    const lost = this.#leases.get(id);
    this.#leases.delete(id);
    lost?.();
  }

  #error(): StoreError {
    return new StoreError('UNAVAILABLE', `the store cannot be reached: ${this.#gone}`);
  }
}

function withText<T extends object>(operand: T): Omit<T, 'value'> & { value: string } {
  return 'value' in operand && Buffer.isBuffer(operand.value)
    ? { ...operand, value: operand.value.toString('base64') }
    : (operand as T & { value: string });
}

function entryOf(entry: WireEntry): Entry {
  return { ...entry, value: Buffer.from(entry.value, 'base64') };
}

function outcomeOf(outcome: WireOutcome): Outcome {
  const previous = outcome.previous.map((entry) => (entry === null ? undefined : entryOf(entry)));
  return { ...outcome, previous };
}
