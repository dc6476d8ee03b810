import { CallError } from './calls.js';

interface PendingCall {
  resolve: (body: unknown) => void;
  reject: (error: CallError) => void;
  timer: NodeJS.Timeout;
}

/** Calls on one link that are not answered yet, by their ids. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #next = 1;

  /** `send` is given the call's id. @throws CallError TIMEOUT, and what `answer` and `endAll` are given */
  ask(method: string, timeoutMs: number, send: (id: number) => void): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        reject(new CallError('TIMEOUT', `${method}: no answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#calls.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  /** The answer to a call; one that comes too late is nobody's. */
  answer(id: number, body: unknown, error: CallError | undefined): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    if (error === undefined) call.resolve(body);
    else call.reject(error);
  }

  /** No answer comes any more. */
  endAll(why: string): void {
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(new CallError('LINK_LOST', why));
    }
    this.#calls.clear();
  }
}
