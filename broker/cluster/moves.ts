import type { Message } from '../routing/mod.js';
import type { SessionRegistry, SessionState } from '../session/mod.js';
import { CallError } from './calls.js';
import { Giving, Taking } from './move-gates.js';

/** How long a node waits for its copy of the routes to have those of the session's new node. */
const CUT_TIMEOUT_MS = 5000;
/** How long the old node waits for the last messages of others; a call to it must last longer. */
const LAST_TIMEOUT_MS = 5000;
const CALL_TIMEOUT_MS = 15_000;
/** A node that asked for a session and never took it. */
const ABANDONED_MS = 30_000;
/** A node whose last marker has not come by then has lost it with its link. */
const OPEN_AFTER_MS = 15_000;
const POLL_MS = 100;

/** Asks a node to cut: `mark` is what the node `to` has said last, see Moves. */
export interface CutRequest {
  move: string;
  from: string;
  to: string;
  mark: number;
}

export interface EndRequest {
  clientId: string;
  move: string;
  /** Nodes that have cut. */
  nodes: string[];
}

/** What moves need of the node. */
export interface MovesHost {
  readonly name: string;
  readonly sessions: SessionRegistry;
  now(): number;
  after(ms: number, then: () => void): () => void;
  /** Other nodes that are up. */
  others(): string[];
  call(node: string, method: string, body: unknown, timeoutMs: number): Promise<unknown>;
  /** Resolves when all that this node has subscribers of is in the database, and a mark behind it. */
  said(): Promise<number>;
  /** The highest mark of a node that this one's copy has. */
  markOf(node: string): number;
  /** Sends a marker behind all messages that this node has for another one; false if that is not there. */
  sendMarker(node: string, move: string): boolean;
  /** The node that a message was published at. */
  sourceOf(message: Message): string;
  /** Whether a session here is still this node's. */
  settleOwner(clientId: string): void;
}

interface Cut extends CutRequest {
  done: () => void;
}

/**
 * A session that goes to another node while messages are under way to it. Each node that publishes cuts once, in one
 * turn: what it routed before is the old node's to deliver, what it routes afterwards the new one's. So that both
 * know which is which, it sends each a marker behind its messages; links keep the order.
 *
 * 1. the old node begins: the client is disconnected, the session collects what still comes;
 * 2. the new node subscribes, and has every node cut once that one's copy of the routes has these subscriptions:
 *    known by a mark that the new node wrote into the database behind them;
 * 3. the old node ends when the markers of all have come, and gives the session with all that was collected;
 * 4. the new node puts that before what it has collected itself, and answers the client.
 *
 * So nothing is lost or doubled that links carry, and messages need no identity. What remains: a node that cannot
 * be asked, or is cut off from the old node for seconds, is not waited for.
 */
export class Moves {
  readonly #host: MovesHost;
  readonly #giving = new Map<string, Giving>();
  readonly #taking = new Map<string, Taking>();
  /** What was given, until it is known to have been taken: its answer may be lost. */
  readonly #given = new Map<string, EndAnswer>();
  #cuts: Cut[] = [];

  constructor(host: MovesHost) {
    this.#host = host;
  }

  /** As the old node: undefined if there is nothing to be collected for the client. */
  begin(clientId: string, move: string): SessionState | undefined {
    const { sessions, now, sourceOf } = this.#host;
    const state = sessions.beginMove(clientId, now());
    const session = sessions.get(clientId);
    if (state === undefined || session === undefined) return undefined;
    const giving = new Giving(session, sourceOf);
    session.gate = giving;
    // It is the other node's, as far as this one knows.
    session.claim = undefined;
    this.#giving.set(move, giving);
    this.#host.after(ABANDONED_MS, () => {
      if (!this.#giving.delete(move) || session.gate !== giving) return;
      session.gate = undefined;
      session.claim = giving.claim;
      this.#host.settleOwner(clientId);
    });
    return state;
  }

  /** As the old node: gives all that was collected when nothing more can come from these nodes. */
  async end({ move, nodes }: EndRequest): Promise<EndAnswer> {
    const given = this.#given.get(move);
    if (given !== undefined) return given;
    const giving = this.#giving.get(move);
    if (giving === undefined) return { state: null, missing: [] };
    const missing = await this.#lastOf(giving, nodes);
    if (!this.#giving.delete(move)) return this.#given.get(move) ?? { state: null, missing };
    const { sessions, now } = this.#host;
    const { session } = giving;
    const { clientId } = session;
    const isThere = sessions.get(clientId) === session;
    const answer = {
      state: isThere ? (sessions.handOver(clientId, now()) ?? null) : null,
      missing,
    };
    this.#given.set(move, answer);
    this.#host.after(ABANDONED_MS, () => this.#given.delete(move));
    return answer;
  }

  /** As the new node, where the session is by now, subscribed and without messages: gets them from the old node. */
  async take(from: string, clientId: string, move: string): Promise<void> {
    const { sessions, sourceOf } = this.#host;
    const session = sessions.get(clientId);
    if (session === undefined) return;
    const taking = new Taking(session, sourceOf);
    session.gate = taking;
    this.#taking.set(move, taking);
    let expected: string[] = [];
    try {
      const nodes = await this.#cutAll(move, from);
      const { state, missing } = await this.#endAt(from, { clientId, move, nodes });
      if (state !== null && sessions.get(clientId) === session) {
        sessions.complete(session, state, this.#host.now());
      }
      expected = nodes.filter((node) => !missing.includes(node));
    } finally {
      taking.expected = new Set(expected);
      this.#openWhenDone(move, taking);
    }
  }

  /** As any node: cuts as soon as the new node's subscriptions are known here. */
  cut(request: CutRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#host.after(CUT_TIMEOUT_MS, () => {
        this.#cuts = this.#cuts.filter((other) => other !== cut);
        reject(new CallError('TIMEOUT', `routes of '${request.to}' are not known here in time`));
      });
      const cut = {
        ...request,
        done: () => {
          cancel();
          resolve();
        },
      };
      this.#cuts.push(cut);
      this.#cutWhatIsKnown();
    });
  }

  /** Another node's mark is in this one's copy; perhaps before what it stands for, if a snapshot is being loaded. */
  markSeen(): void {
    if (this.#cuts.length > 0) queueMicrotask(() => this.#cutWhatIsKnown());
  }

  /** The marker of a node has come: behind all that it had for the session, or before all that it will have. */
  marked(node: string, move: string): void {
    const giving = this.#giving.get(move);
    giving?.cut.add(node);
    giving?.changed();
    this.#taking.get(move)?.cut.add(node);
  }

  #cutWhatIsKnown(): void {
    const known = this.#cuts.filter(
      ({ to, mark }) => to === this.#host.name || this.#host.markOf(to) >= mark,
    );
    if (known.length === 0) return;
    this.#cuts = this.#cuts.filter((cut) => !known.includes(cut));
    for (const { move, from, to, done } of known) {
      for (const node of [from, to]) {
        if (node === this.#host.name) this.marked(node, move);
        else this.#host.sendMarker(node, move);
      }
      done();
    }
  }

  /** Has all nodes cut; returns those that have. */
  async #cutAll(move: string, from: string): Promise<string[]> {
    const { name } = this.#host;
    let mark: number;
    try {
      mark = await this.#host.said();
    } catch {
      // The database does not answer: no node can know where to send, and nobody is to wait for that.
      return [];
    }
    const asked = [name, ...this.#host.others()];
    const request = { move, from, to: name, mark };
    const answers = await Promise.allSettled(asked.map((node) => this.#haveCut(node, request)));
    return asked.filter((_, index) => answers[index]?.status === 'fulfilled');
  }

  #haveCut(node: string, request: CutRequest): Promise<unknown> {
    if (node === this.#host.name) return this.cut(request);
    return this.#host.call(node, 'cut', request, 2 * CUT_TIMEOUT_MS);
  }

  /** Asks again where the answer was lost with the link. */
  async #endAt(from: string, request: EndRequest): Promise<EndAnswer> {
    const untilMs = this.#host.now() + CALL_TIMEOUT_MS;
    for (;;) {
      try {
        const answer = await this.#host.call(from, 'end-move', request, CALL_TIMEOUT_MS);
        return answer as EndAnswer;
      } catch (error) {
        const isThere = this.#host.others().includes(from);
        if (!isThere || this.#host.now() > untilMs) throw error;
        await new Promise<void>((resolve) => this.#host.after(POLL_MS, resolve));
      }
    }
  }

  /** Waits for the markers of these nodes; returns those that have not come in time. */
  #lastOf(giving: Giving, nodes: readonly string[]): Promise<string[]> {
    const untilMs = this.#host.now() + LAST_TIMEOUT_MS;
    return new Promise((resolve) => {
      const look = (): void => {
        const up = new Set([this.#host.name, ...this.#host.others()]);
        const missing = nodes.filter((node) => !giving.cut.has(node));
        const isOver = this.#host.now() >= untilMs;
        if (!isOver && missing.some((node) => up.has(node))) return;
        giving.changed = () => {};
        resolve(missing);
      };
      const poll = (): void => {
        look();
        if (giving.changed === look) this.#host.after(POLL_MS, poll);
      };
      giving.changed = look;
      poll();
    });
  }

  /** Until their markers have come, what nodes send is what the old node has had. */
  #openWhenDone(move: string, taking: Taking): void {
    const untilMs = this.#host.now() + OPEN_AFTER_MS;
    const poll = (): void => {
      const expected = [...(taking.expected ?? [])];
      const isDone = expected.every((node) => taking.cut.has(node));
      if (!isDone && this.#host.now() < untilMs) {
        this.#host.after(POLL_MS, poll);
        return;
      }
      this.#taking.delete(move);
      taking.expected?.clear();
      if (taking.session.gate === taking) taking.session.gate = undefined;
    };
    poll();
  }
}

/** What the old node had, and nodes whose last messages it has not waited for. */
export interface EndAnswer {
  state: SessionState | null;
  missing: string[];
}
