import type { WireOutcome, WireWrite } from './wire-write.js';

interface Waiting {
  write: WireWrite;
  resolve: (outcome: WireOutcome) => void;
  reject: (error: unknown) => void;
}

interface Idle {
  at: number;
  then: () => void;
}

const LARGEST_BATCH = 1000;

/** This node's writes to its core, in order: while some are on their way the next ones gather. */
export class NodeWriter {
  readonly #send: (writes: readonly WireWrite[]) => Promise<WireOutcome[]>;
  #waiting: Waiting[] = [];
  #busy = false;
  /** Writes asked for and answered, in all; who waits for how many answers. */
  #asked = 0;
  #answered = 0;
  readonly #idle: Idle[] = [];

  constructor(send: (writes: readonly WireWrite[]) => Promise<WireOutcome[]>) {
    this.#send = send;
  }

  /** @throws what sending throws; the write may or may not have happened then */
  write(write: WireWrite): Promise<WireOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#asked++;
      if (!this.#busy) void this.#run();
    });
  }

  /** Calls `then` when every write so far has an outcome: at once if none is waited for. */
  whenIdle(then: () => void): void {
    if (this.#busy) this.#idle.push({ at: this.#asked, then });
    else then();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => this.whenIdle(resolve));
  }

  #done(count: number): void {
    this.#answered += count;
    while (this.#idle.length > 0 && (this.#idle[0] as Idle).at <= this.#answered) {
      (this.#idle.shift() as Idle).then();
    }
  }

  async #run(): Promise<void> {
    this.#busy = true;
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, LARGEST_BATCH);
      try {
        const outcomes = await this.#send(batch.map(({ write }) => write));
        for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] ?? null);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      this.#done(batch.length);
    }
    this.#busy = false;
  }
}
