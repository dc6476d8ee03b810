import type { Message } from '../routing/mod.js';
import type { Gate, Session } from '../session/mod.js';

/** On the old node: takes what each node sent before it cut. */
export class Giving implements Gate {
  readonly session: Session;
  readonly claim: string | undefined;
  /** Nodes that have cut, and nothing for the session comes from them any more. */
  readonly cut = new Set<string>();
  readonly #earlier: Gate | undefined;
  readonly #sourceOf: (message: Message) => string;
  changed: () => void = () => {};

  constructor(session: Session, sourceOf: (message: Message) => string) {
    this.session = session;
    this.claim = session.claim;
    this.#earlier = session.gate;
    this.#sourceOf = sourceOf;
  }

  takes(message: Message): boolean {
    if (this.cut.has(this.#sourceOf(message))) return false;
    return this.#earlier?.takes(message) ?? true;
  }
}

/** On the new node: takes what each node sends after it has cut. */
export class Taking implements Gate {
  readonly session: Session;
  readonly cut = new Set<string>();
  /** Nodes whose markers are under way; undefined as long as the old node collects. */
  expected: Set<string> | undefined = undefined;
  readonly #sourceOf: (message: Message) => string;

  constructor(session: Session, sourceOf: (message: Message) => string) {
    this.session = session;
    this.#sourceOf = sourceOf;
  }

  takes(message: Message): boolean {
    const source = this.#sourceOf(message);
    if (this.cut.has(source)) return true;
    return this.expected !== undefined && !this.expected.has(source);
  }
}
