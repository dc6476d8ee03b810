import type { WireOutcome, WireWrite } from './wire-write.js';

interface Waiting {
  write: WireWrite;
  resolve: (outcome: WireOutcome) => void;
  reject: (error: unknown) => void;
}

const LARGEST_BATCH = 1000;

/** This node's writes to its core whose outcome somebody waits for, in order: while some are on their way the next ones gather. */
export class NodeWriter {
  readonly #send: (writes: readonly WireWrite[]) => Promise<WireOutcome[]>;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(send: (writes: readonly WireWrite[]) => Promise<WireOutcome[]>) {
    this.#send = send;
  }

  /** @throws what sending throws; the write may or may not have happened then */
  write(write: WireWrite): Promise<WireOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      if (!this.#busy) void this.#run();
    });
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
    }
    this.#busy = false;
  }
}
