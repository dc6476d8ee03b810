import { PublishView } from '../../wire/mod.js';
import { type Counters, Message, type Router } from '../routing/mod.js';
import { Backpressure } from './backpressure.js';
import type { ClientRegistry, RetainedSource } from './client-registry.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { FrameWriter } from './delivery.js';
import type { SessionLimits } from './limits.js';
import { SessionRegistry } from './session-registry.js';
import type { Turn } from './turn.js';

/** Keep-alives, delays and expiries fire up to this late. */
const WHEEL_TICK_MS = 250;

/** What all sessions and channels of one node share. */
export class Node {
  readonly limits: SessionLimits;
  readonly counters: Counters;
  readonly router: Router;
  readonly turn: Turn;
  readonly wheel: DeadlineWheel;
  readonly backpressure: Backpressure;
  readonly sessions: SessionRegistry;
  /** In a cluster; without it this node is the only one. */
  registry: ClientRegistry | undefined = undefined;
  /** In a cluster: calls when what this node subscribed to up to now is known to it, or cannot be told. */
  whenAnnounced: ((then: (nowMs: number) => void) => void) | undefined = undefined;
  /** This node's own memory, unless the cluster has another place. */
  retained: RetainedSource;
  readonly frames = new FrameWriter();
  /** The PUBLISH being read, refilled for each: nothing may keep it beyond the call. */
  readonly view = new PublishView();
  readonly inbound = new Message();
  /** A client identifier for a client that has none; never the same twice. */
  readonly assignClientId: () => string;

  constructor(
    limits: SessionLimits,
    counters: Counters,
    router: Router,
    turn: Turn,
    assignClientId: () => string,
    nowMs: number,
  ) {
    this.limits = limits;
    this.counters = counters;
    this.router = router;
    this.turn = turn;
    this.assignClientId = assignClientId;
    this.wheel = new DeadlineWheel(WHEEL_TICK_MS, nowMs);
    const { slowGraceMs, slowPenaltyMs } = limits;
    this.backpressure = new Backpressure(router.pressure, slowGraceMs, slowPenaltyMs, () =>
      turn.wake(),
    );
    this.sessions = new SessionRegistry(this);
    this.retained = {
      match: (filter, nowMs, give) => give(router.retained.match(filter, nowMs), nowMs),
    };
  }

  /** What time brings: keep-alives, expiries, wills, graces. To be called a few times a second. */
  tick(nowMs: number): void {
    this.wheel.advance(nowMs);
    this.backpressure.tick(nowMs);
    this.router.retained.removeExpired(nowMs, 1000);
  }
}
