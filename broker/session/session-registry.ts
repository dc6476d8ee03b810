import { parseSharedFilter, ReasonCode } from '../../wire/mod.js';
import {
  CLIENTS_CONNECTED,
  CLIENTS_DISCONNECTED,
  SESSIONS_CREATED,
  SESSIONS_DISCARDED,
  SESSIONS_RESUMED,
  SESSIONS_TAKEN_OVER,
  SESSIONS_TERMINATED,
} from '../routing/mod.js';
import type { Node } from './node.js';
import { type Connection, Session } from './session.js';
import {
  exportSession,
  exportSubscriptions,
  importMessages,
  importSession,
  type SessionState,
} from './session-state.js';
import { dueWill } from './will.js';

/** The sessions of a node by client identifier: who is who, and how long a session lives. */
export class SessionRegistry {
  readonly #node: Node;
  readonly #sessions = new Map<string, Session>();
  #connected = 0;
  /** Wills are not published while the node goes down: those who would get them are going, too. */
  #closing = false;

  constructor(node: Node) {
    this.#node = node;
  }

  get count(): number {
    return this.#sessions.size;
  }

  get connected(): number {
    return this.#connected;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /**
   * The session for a client that connects: the one it left, or a new one. A connection that has the client
   * identifier now is closed first [MQTT-3.1.4-3]. The caller attaches the session once CONNACK is written.
   */
  open(
    clientId: string,
    cleanStart: boolean,
    nowMs: number,
  ): { session: Session; present: boolean } {
    const { counters } = this.#node;
    const before = this.#sessions.get(clientId);
    if (before?.connection !== undefined) {
      counters[SESSIONS_TAKEN_OVER]!++;
      before.connection.takenOver(nowMs);
    }
    const left = this.#sessions.get(clientId);
    if (left !== undefined && (cleanStart || nowMs >= left.expiresAtMs)) {
      counters[SESSIONS_DISCARDED]!++;
      this.terminate(left, nowMs);
    } else if (left !== undefined) {
      this.#node.wheel.remove(left);
      // Connected again before the delay was over: no will [MQTT-3.1.3-9].
      left.will = undefined;
      left.willDueMs = 0;
      counters[SESSIONS_RESUMED]!++;
      return { session: left, present: true };
    }
    const session = new Session(clientId, this.#node, nowMs);
    this.#sessions.set(clientId, session);
    counters[SESSIONS_CREATED]!++;
    return { session, present: false };
  }

  attach(session: Session, connection: Connection, nowMs: number): void {
    this.#connected++;
    this.#node.counters[CLIENTS_CONNECTED]!++;
    session.attach(connection, nowMs);
  }

  /** The session's connection is gone. Its will has been taken away if it is not to be published. */
  detach(session: Session, nowMs: number): void {
    session.detach(nowMs);
    this.#connected--;
    this.#node.counters[CLIENTS_DISCONNECTED]!++;
    session.expiresAtMs = nowMs + session.expiryMs;
    if (session.expiryMs === 0) {
      this.terminate(session, nowMs);
      return;
    }
    if (session.will !== undefined) {
      session.willDueMs = nowMs + session.will.delayMs;
      if (session.will.delayMs === 0) this.#publishWill(session, nowMs);
    }
    this.#setDeadline(session);
  }

  /** A session's deadline has come; returns its next one. */
  wake(session: Session, nowMs: number): number {
    if (session.online) return 0;
    if (nowMs >= session.expiresAtMs) {
      this.terminate(session, nowMs);
      return 0;
    }
    if (session.willDueMs > 0 && nowMs >= session.willDueMs) this.#publishWill(session, nowMs);
    return this.#deadlineOf(session);
  }

  /** Ends a session without connection: its will is due now, if not before [MQTT-3.1.2-8]. */
  terminate(session: Session, nowMs: number): void {
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId);
    this.#node.wheel.remove(session);
    this.#publishWill(session, nowMs);
    for (const filter of session.subscriptions?.keys() ?? []) {
      const shared = parseSharedFilter(filter);
      this.#node.router.unsubscribe(session, shared?.filter ?? filter, shared?.group);
    }
    session.subscriptions = undefined;
    session.end(nowMs);
    this.#node.counters[SESSIONS_TERMINATED]!++;
    if (session.claim !== undefined) {
      this.#node.registry?.release(session.clientId, session.claim);
    }
  }

  /**
   * Another node has the client now (its registry says so): whoever is connected here is told, and the session ends here.
   * Returns what it had if it goes on there.
   */
  handOver(clientId: string, nowMs: number): SessionState | undefined {
    this.#sessions.get(clientId)?.connection?.takenOver(nowMs);
    const session = this.#sessions.get(clientId);
    if (session === undefined) return undefined;
    const state = nowMs < session.expiresAtMs ? exportSession(session, nowMs) : undefined;
    if (state !== undefined) {
      // It goes on elsewhere, before the delay of its will is over [MQTT-3.1.3-9].
      session.will = undefined;
      session.givenAway();
    }
    this.terminate(session, nowMs);
    return state;
  }

  /**
   * Another node has the client, and the session's messages are still to be collected here, until `handOver`: whoever is
   * connected is told, and the session stays as that of a client that is away. Undefined if there is nothing to collect.
   */
  beginMove(clientId: string, nowMs: number): SessionState | undefined {
    this.#sessions.get(clientId)?.connection?.takenOver(nowMs);
    const session = this.#sessions.get(clientId);
    if (session === undefined || nowMs >= session.expiresAtMs) return undefined;
    if (session.subscriptions === undefined || session.subscriptions.size === 0) return undefined;
    this.#node.wheel.remove(session);
    session.will = undefined;
    session.willDueMs = 0;
    session.expiresAtMs = Number.POSITIVE_INFINITY;
    return { ...exportSubscriptions(session), moving: true };
  }

  /** The messages of a session that was adopted without them. */
  complete(session: Session, state: SessionState, nowMs: number): void {
    importMessages(session, state, this.#node.router, nowMs);
  }

  /** A session that is here without connection now has this claim; false if there is none. */
  keep(clientId: string, claim: string, nowMs: number): boolean {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return false;
    session.claim = claim;
    if (session.online) return true;
    if (!Number.isFinite(session.expiresAtMs)) {
      session.expiresAtMs = nowMs + session.expiryMs;
      this.#setDeadline(session);
    }
    return true;
  }

  /** Puts a session here that another node had; it is resumed or discarded by the CONNECT that follows. */
  adopt(clientId: string, state: SessionState, nowMs: number): void {
    this.#sessions.get(clientId)?.connection?.takenOver(nowMs);
    const left = this.#sessions.get(clientId);
    if (left !== undefined) this.terminate(left, nowMs);
    const session = new Session(clientId, this.#node, nowMs);
    this.#sessions.set(clientId, session);
    session.expiresAtMs = Number.POSITIVE_INFINITY;
    importSession(session, state, this.#node.router, nowMs);
  }

  /** An administrator ends the session, and its connection if it has one; the will is published. */
  kick(session: Session, nowMs: number): void {
    const { connection } = session;
    if (connection === undefined) {
      this.terminate(session, nowMs);
      return;
    }
    session.expiryMs = 0;
    connection.close(ReasonCode.ADMINISTRATIVE_ACTION, nowMs);
  }

  /** From now on connections go because the node goes. */
  close(): void {
    this.#closing = true;
  }

  #publishWill(session: Session, nowMs: number): void {
    const { will } = session;
    session.will = undefined;
    session.willDueMs = 0;
    if (will === undefined || this.#closing) return;
    const message = dueWill(will, nowMs);
    message.publisher = session;
    this.#node.router.publish(message, undefined);
  }

  #setDeadline(session: Session): void {
    const dueMs = this.#deadlineOf(session);
    if (dueMs > 0) this.#node.wheel.set(session, dueMs);
  }

  #deadlineOf(session: Session): number {
    const dueMs = Math.min(session.expiresAtMs, session.willDueMs || Number.POSITIVE_INFINITY);
    return Number.isFinite(dueMs) ? dueMs : 0;
  }
}
