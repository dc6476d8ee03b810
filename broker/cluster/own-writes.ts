import { StoreError } from '../../store/mod.js';
import { after } from './after.js';
import type { Alarms } from './alarms.js';
import { Announcements } from './announcements.js';
import { CallError } from './calls.js';
import { Gate } from './gate.js';
import { MARKS } from './keys.js';
import { NodeWriter } from './node-writer.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

export interface OwnWritesDeps {
  /** This node's name. */
  readonly self: string;
  readonly alarms: Alarms;
  /** The node is about to end: what fails from then on is no alarm. */
  readonly ended: AbortSignal;
  /** Higher than the marks of the node's last start. */
  readonly firstMark: number;
  /** Writes to the cluster database. @throws CallError, StoreError */
  send(writes: readonly WireWrite[]): Promise<WireOutcome[]>;
}

/**
 * What this node writes to the cluster database: writes whose outcome somebody waits for, and what the node says of
 * itself until it is known to be there. While the node changes databases all of it waits.
 */
export class OwnWrites {
  readonly #deps: OwnWritesDeps;
  readonly #gate = new Gate();
  readonly #writer: NodeWriter;
  readonly #announcements: Announcements;
  #mark: number;

  constructor(deps: OwnWritesDeps) {
    this.#deps = deps;
    this.#mark = deps.firstMark;
    const send = (writes: readonly WireWrite[]): Promise<WireOutcome[]> =>
      this.#gate.pass(() => this.#send(writes));
    this.#writer = new NodeWriter(send);
    this.#announcements = new Announcements({
      send,
      after,
      failed: (error) => this.failed(error),
      complete: () => deps.alarms.clear('write'),
    });
  }

  /** Nothing that the node says of itself waits to be written. */
  get isComplete(): boolean {
    return this.#announcements.isComplete;
  }

  /** @throws CallError, StoreError; the write may or may not have happened then */
  write(write: WireWrite): Promise<WireOutcome> {
    return this.#writer.write(write);
  }

  /** Written until it is known to be there. `key`: what it is the last word on. */
  say(write: WireWrite, key?: string): void {
    this.#announcements.say(write, key);
  }

  /** There is reason to believe that what failed works now. */
  retry(): void {
    this.#announcements.retry();
  }

  /** Calls `then` when all that was said so far is written, or is not yet: see `Announcements.whenSaid`. */
  whenSaid(then: (error: unknown) => void): void {
    this.#announcements.whenSaid(then);
  }

  /** Resolves when all that this node says of itself is written; rejects when something is not yet. */
  allSaid(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#announcements.whenSaid((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  /** A node whose copy has this mark knows what this one has subscribers of now. */
  saidMark(): Promise<number> {
    this.#mark++;
    const mark = this.#mark;
    return new Promise((resolve, reject) => {
      const write = ['put', `${MARKS}${this.#deps.self}`, `${mark}`] as const;
      this.#announcements.sayBehind(write, (error) => {
        if (error === undefined) resolve(mark);
        else reject(error);
      });
    });
  }

  /** Does it while no write is on its way. */
  exchange<T>(act: () => Promise<T>): Promise<T> {
    return this.#gate.exchange(act);
  }

  /** The database answers: what failed before, and nobody tries again, must not be said for ever. */
  answered(): void {
    if (this.isComplete) this.#deps.alarms.clear('write');
  }

  /** Something was not written. Throws what is no failure of a write. */
  failed(error: unknown): void {
    if (!(error instanceof CallError || error instanceof StoreError)) throw error;
    const { alarms, ended } = this.#deps;
    if (!ended.aborted) alarms.raise('write', `a write to the cluster failed: ${error.message}`);
  }

  close(): void {
    this.#announcements.close();
  }

  async #send(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    const outcomes = await this.#deps.send(writes);
    this.answered();
    return outcomes;
  }
}
