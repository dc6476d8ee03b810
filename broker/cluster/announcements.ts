import type { WireOutcome, WireWrite } from './wire-write.js';

const LARGEST_BATCH = 1000;
/** From a failed attempt to the next, twice as long each time. */
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;

/** What announcements need of the node. */
export interface AnnouncementsHost {
  /** Rejects when it is not known to have happened; it may have. */
  send(writes: readonly WireWrite[]): Promise<WireOutcome[]>;
  /** Calls after `ms`; returns how to call it off. */
  after(ms: number, then: () => void): () => void;
  failed(error: unknown): void;
  /** All that should be written is known to be. */
  complete(): void;
}

interface Pending {
  write: WireWrite;
  /** Grows along the queue. */
  number: number;
}

type Tell = (error: unknown) => void;

interface Waiting {
  number: number;
  tell: Tell;
}

/** A write that is not to be there before what was said until then. */
interface Behind {
  write: WireWrite;
  /** Number of what was said last. */
  after: number;
  waiting: Tell[];
}

/**
 * What this node says of itself in the cluster's database, key by key: the last word on each key is written again
 * and again until it is known to be there. What was written may be written twice, so only what does not depend on
 * what was there before belongs here.
 */
export class Announcements {
  readonly #host: AnnouncementsHost;
  /** Not known to be written, oldest first; by key, so that only the last word on it counts. */
  readonly #pending = new Map<string, Pending>();
  #last = 0;
  /** The first waits for what is on its way; the second, the last one said, for what was said since. */
  readonly #behind: Behind[] = [];
  readonly #waiting: Waiting[] = [];
  #largestBatch = LARGEST_BATCH;
  #busy = false;
  /** 0 while all goes well. */
  #retryMs = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(host: AnnouncementsHost) {
    this.#host = host;
  }

  /** Nothing waits to be written. */
  get isComplete(): boolean {
    return this.#pending.size === 0 && this.#behind.length === 0;
  }

  /** `key`: what the write is the last word on. */
  say(write: WireWrite, key: string = write[1]): void {
    this.#queue(key, write);
    if (this.#cancelRetry === undefined) this.#start();
  }

  /** As `say`, but written only when all that was said so far is known to be there. Calls `then` as `whenSaid`. */
  sayBehind(write: WireWrite, then: Tell): void {
    // An earlier one is of no use any more.
    this.#pending.delete(write[1]);
    const overtaken = this.#behind.length < 2 ? undefined : this.#behind.pop();
    const waiting = overtaken?.waiting ?? [];
    this.#behind.push({ write, after: this.#last, waiting });
    if (this.#isFailing) then(new Error('written later'));
    else waiting.push(then);
    if (this.#cancelRetry === undefined) this.#start();
  }

  /**
   * Calls `then` when all that was said so far is written; with an error as soon as something is not, now or at the
   * last attempt: it is tried again, but nobody knows when that helps.
   */
  whenSaid(then: Tell): void {
    if (this.#pending.size === 0) then(undefined);
    else if (this.#isFailing) then(new Error('written later'));
    else this.#waiting.push({ number: this.#last, tell: then });
  }

  /** There is reason to believe that it works now. */
  retry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#retryMs = 0;
    this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#tell(Number.POSITIVE_INFINITY, undefined);
  }

  /** Nothing is on its way that could succeed. */
  get #isFailing(): boolean {
    return this.#retryMs > 0 && !this.#busy;
  }

  #queue(key: string, write: WireWrite): void {
    const number = this.#pending.get(key)?.number ?? Number.POSITIVE_INFINITY;
    this.#last++;
    // What waits for the word before waits for this one in its place.
    for (const behind of this.#behind) if (number <= behind.after) behind.after = this.#last;
    this.#pending.delete(key);
    this.#pending.set(key, { write, number: this.#last });
  }

  #start(): void {
    if (!this.#busy && !this.#closed && !this.isComplete) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // What is said in this turn goes together.
    await Promise.resolve();
    while (!this.isComplete && !this.#closed && this.#cancelRetry === undefined) {
      const batch = this.#nextBatch();
      try {
        await this.#host.send(batch.map(([, { write }]) => write));
        this.#written(batch);
      } catch (error) {
        this.#notWritten(batch, error);
      }
    }
    this.#busy = false;
  }

  #nextBatch(): [string, Pending][] {
    const [first] = this.#pending.values();
    const [behind] = this.#behind;
    if (behind !== undefined && (first === undefined || first.number > behind.after)) {
      this.#behind.shift();
      this.#queue(behind.write[1], behind.write);
      for (const tell of behind.waiting) this.#waiting.push({ number: this.#last, tell });
    }
    const batch: [string, Pending][] = [];
    for (const entry of this.#pending) {
      batch.push(entry);
      if (batch.length >= this.#largestBatch) break;
    }
    return batch;
  }

  #written(batch: readonly [string, Pending][]): void {
    this.#retryMs = 0;
    this.#largestBatch = Math.min(LARGEST_BATCH, this.#largestBatch * 2);
    for (const [key, pending] of batch) {
      // There may be a newer word on it.
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    }
    this.#tell((batch.at(-1) as [string, Pending])[1].number, undefined);
    if (this.isComplete) this.#host.complete();
  }

  #notWritten(batch: readonly [string, Pending][], error: unknown): void {
    // Something in it may never work: it must not stand in the way of the rest.
    this.#largestBatch = Math.max(1, Math.floor(batch.length / 2));
    for (const [key, pending] of batch) {
      if (this.#pending.get(key) === pending) this.#queue(key, pending.write);
    }
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2 || FIRST_RETRY_MS);
    if (!this.#closed) {
      this.#cancelRetry = this.#host.after(this.#retryMs, () => {
        this.#cancelRetry = undefined;
        this.#start();
      });
    }
    this.#host.failed(error);
    this.#tell(Number.POSITIVE_INFINITY, error);
  }

  /** Tells those who wait for no more than this. */
  #tell(number: number, error: unknown): void {
    if (number === Number.POSITIVE_INFINITY) {
      for (const { waiting } of this.#behind) for (const tell of waiting.splice(0)) tell(error);
    }
    while (this.#waiting.length > 0 && (this.#waiting[0] as Waiting).number <= number) {
      (this.#waiting.shift() as Waiting).tell(error);
    }
  }
}
