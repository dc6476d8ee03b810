import { parseSharedFilter, type Qos } from '../../wire/mod.js';
import { type Router, Subscription } from '../routing/mod.js';
import type { Delivery } from './delivery.js';
import { packMessage, unpackMessage } from './packed-message.js';
import type { Session } from './session.js';

/** A session on its way to another node, as JSON. Messages are packed (packed-message), then base64. */
export interface SessionState {
  /** Filters as the client wrote them, `$share/…` included. */
  subscriptions: {
    filter: string;
    qos: Qos;
    noLocal: boolean;
    retainAsPublished: boolean;
    retainHandling: 0 | 1 | 2;
    identifier: number;
  }[];
  /** Its messages are still being collected: there are none here, they are given when that is over. */
  moving?: boolean;
  /** How long it outlives a connection; −1: for ever. */
  expiryMs: number;
  /** QoS 2 messages from the client that wait for its PUBREL. */
  awaitingRelease: number[];
  /** To the client, oldest first; a message is not there when only its identifier still is (PUBREL sent). */
  inflight: { id: number; state: number; delivery?: PackedDelivery }[];
  queued: PackedDelivery[];
}

interface PackedDelivery {
  packet: string;
  identifiers?: readonly number[];
  /** Name and filter of the shared group it came through. */
  group?: readonly [name: string, filter: string];
}

export function exportSession(session: Session, nowMs: number): SessionState {
  const { inflight, queued } = session.pending();
  return {
    ...exportSubscriptions(session),
    awaitingRelease: [...(session.awaitingRelease?.keys() ?? [])],
    inflight: inflight.map(({ id, state, delivery }) => ({
      id,
      state,
      ...(delivery === undefined ? {} : { delivery: pack(delivery, nowMs) }),
    })),
    queued: queued.map((delivery) => pack(delivery, nowMs)),
  };
}

/** All but its messages. */
export function exportSubscriptions(session: Session): SessionState {
  return {
    subscriptions: [...(session.subscriptions ?? [])].map(([filter, by]) => ({
      filter,
      qos: by.qos,
      noLocal: by.noLocal,
      retainAsPublished: by.retainAsPublished,
      retainHandling: by.retainHandling,
      identifier: by.identifiers?.[0] ?? 0,
    })),
    expiryMs: Number.isFinite(session.expiryMs) ? session.expiryMs : -1,
    awaitingRelease: [],
    inflight: [],
    queued: [],
  };
}

/** Gives a session that is new on this node what it had on the other, and subscribes it. */
export function importSession(
  session: Session,
  state: SessionState,
  router: Router,
  nowMs: number,
): void {
  for (const { filter, ...options } of state.subscriptions) {
    const shared = parseSharedFilter(filter);
    const subscription = new Subscription(session, shared?.filter ?? filter, options);
    if (router.subscribe(subscription, shared?.group) === undefined) continue;
    session.subscriptions ??= new Map();
    session.subscriptions.set(filter, subscription);
  }
  session.expiryMs = state.expiryMs < 0 ? Number.POSITIVE_INFINITY : state.expiryMs;
  importMessages(session, state, router, nowMs);
}

/** What was in flight and queued, before what is queued here. */
export function importMessages(
  session: Session,
  state: SessionState,
  router: Router,
  nowMs: number,
): void {
  for (const id of state.awaitingRelease) {
    session.awaitingRelease ??= new Map();
    session.awaitingRelease.set(id, undefined);
  }
  session.restore({
    inflight: state.inflight.map(({ id, state: expects, delivery }) => ({
      id,
      state: expects,
      delivery: delivery === undefined ? undefined : unpack(delivery, router, nowMs),
    })),
    queued: state.queued.map((delivery) => unpack(delivery, router, nowMs)),
  });
}

function pack(
  { message, qos, retain, identifiers, group }: Delivery,
  nowMs: number,
): PackedDelivery {
  return {
    packet: packMessage(message, qos, retain, nowMs).toString('base64'),
    ...(identifiers === undefined ? {} : { identifiers }),
    ...(group === undefined ? {} : { group: [group.name, group.filter] }),
  };
}

function unpack(
  { packet, identifiers, group }: PackedDelivery,
  router: Router,
  nowMs: number,
): Delivery {
  const message = unpackMessage(Buffer.from(packet, 'base64'), nowMs);
  const { qos, retain } = message;
  return { message, qos, retain, identifiers, group: group && router.group(...group) };
}
