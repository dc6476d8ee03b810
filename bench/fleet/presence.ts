import { LAG, OUTAGE, RESPONSE, SERVICE } from '../../results/measure.js';
import {
  COUNTER,
  type Device,
  type DeviceOwner,
  type NowUs,
  type Tally,
  type TimingWheel,
} from '../device/mod.js';
import { ConnectWindow } from './connect-window.js';
import type { Goings } from './goings.js';

/** How many of a shard's devices stand where; those on their way or away for now are in none. */
export interface ShardCensus {
  ready: number;
  failed: number;
  lost: number;
  closed: number;
}

/** Where a device stands. */
const IDLE = 0;
const CONNECTING = 1;
const READY = 2;
/** Is to leave by plan; what it has in flight may still be answered. */
const LEAVING = 3;
/** Has said goodbye or was cut, by plan; its socket is not closed yet. */
const GOING = 4;
/** Comes back at a time that is set: by plan, or by its back-off. */
const AWAY = 5;
const FAILED = 6;
const LOST = 7;
/** Told to close for good, and closed. */
const CLOSING = 8;
const CLOSED = 9;

/** A device that leaves by plan waits for what it has in flight for so long, looking so often. */
const PATIENCE_US = 1_000_000;
const LOOK_US = 5000;

/** What the presence of a device is about. */
export interface PresenceUser {
  /** About to connect, for the first time or again. */
  connecting(device: number): void;
  /** Ready, and about to say goodbye. */
  leaving(device: number): void;
  /** Ready, for the first time or again. */
  present(device: number): void;
  /** Its connection ended without a goodbye of its own. */
  cut(device: number): void;
  /** Connected again, after a connect that began at `sinceUs`. */
  returned(device: number, sinceUs: number): void;
  /** Not ready any more. */
  absent(device: number): void;
  hasRoom(device: number): void;
}

/** The timers of a shard's devices: `device` for its own, `turns + device` for when it leaves or comes back. */
export interface PresenceTimers {
  wheel: TimingWheel;
  turns: number;
}

/**
 * Which of a shard's devices are connected: the first connect, leaves by plan, losses, and the ways
 * back. It decides when; the devices do it.
 */
export class Presence implements DeviceOwner {
  readonly census: ShardCensus = { ready: 0, failed: 0, lost: 0, closed: 0 };
  readonly #nowUs: NowUs;
  readonly #tally: Tally;
  readonly #goings: Goings;
  readonly #user: PresenceUser;
  #devices: readonly Device[] = [];
  #wheel!: TimingWheel;
  #turns = 0;
  readonly #state: Uint8Array;
  readonly #wasReady: Uint8Array;
  /** Away by plan; until an attempt to come back fails. */
  readonly #planned: Uint8Array;
  /** In a cycle of churn. */
  readonly #cycle: Uint8Array;
  readonly #attempts: Uint16Array;
  /** How often the device has waited in this run: each wait draws anew. */
  readonly #waits: Uint32Array;
  /** When its connection was lost, by a storm or by itself; 0 if not. */
  readonly #lostUs: Float64Array;
  /** When its leave was due; in a cycle, when it comes back; then when it began to connect. */
  readonly #markUs: Float64Array;
  readonly #window: ConnectWindow;
  #connectsWaiting = false;
  #startUs = Number.POSITIVE_INFINITY;
  #returning = 0;

  constructor(
    thread: { nowUs: NowUs; tally: Tally },
    goings: Goings,
    count: number,
    user: PresenceUser,
  ) {
    this.#nowUs = thread.nowUs;
    this.#tally = thread.tally;
    this.#goings = goings;
    this.#user = user;
    this.#window = new ConnectWindow(goings.connectsAtATime);
    this.#state = new Uint8Array(count);
    this.#wasReady = new Uint8Array(count);
    const going = goings.any ? count : 0;
    this.#planned = new Uint8Array(going);
    this.#cycle = new Uint8Array(going);
    this.#attempts = new Uint16Array(going);
    this.#waits = new Uint32Array(going);
    this.#lostUs = new Float64Array(going);
    this.#markUs = new Float64Array(going);
  }

  /** The devices, made for this owner, and where their timers are; once, before anything else. */
  attach(devices: readonly Device[], { wheel, turns }: PresenceTimers): void {
    this.#devices = devices;
    this.#wheel = wheel;
    this.#turns = turns;
  }

  /** Publishing begins at `startUs`: leaves by plan count from it. */
  begin(startUs: number): void {
    this.#startUs = startUs;
    if (!this.#goings.any) return;
    for (let device = 0; device < this.#devices.length; device++) {
      if (this.#state[device] === READY) this.#setLeave(device);
    }
  }

  isReady(device: number): boolean {
    return this.#state[device] === READY;
  }

  /** Not ready, because the scenario says so. */
  isAwayByPlan(device: number): boolean {
    return this.#planned[device] === 1;
  }

  /** Every device is ready or has failed for good. */
  get settled(): boolean {
    const { ready, failed, lost } = this.census;
    return ready + failed + lost === this.#devices.length;
  }

  /** How many devices are in a cycle of churn: they are to be ready again soon. */
  get returning(): number {
    return this.#returning;
  }

  /** No device has a connection any more, or will have one. */
  get allClosed(): boolean {
    const { closed, failed, lost } = this.census;
    return closed + failed + lost >= this.#devices.length;
  }

  /** The device's own timer: its first connect is due, or it has to be asked. */
  deviceDue(device: number, dueUs: number): void {
    if (this.#state[device] !== IDLE) this.#watch(device);
    else if (this.#window.isFull) this.#window.wait(device, dueUs);
    else this.#connect(device, dueUs);
  }

  /** It leaves, or comes back. */
  turnDue(device: number, dueUs: number): void {
    const state = this.#state[device];
    if (state === READY || state === LEAVING) this.#leave(device, dueUs);
    else if (state === AWAY) this.#connect(device, dueUs);
  }

  /** For good. */
  goodbye(device: number): void {
    const state = this.#state[device];
    if (this.#goings.any) {
      this.#wheel.remove(this.#turns + device);
      this.#skipLeaves(device);
    }
    if (state === IDLE || state === AWAY) {
      this.#wheel.remove(device);
      this.#state[device] = CLOSED;
      this.census.closed++;
      return;
    }
    if (state === FAILED || state === LOST) return;
    if (state === READY) this.census.ready--;
    if (state === CONNECTING) this.#window.end();
    this.#state[device] = CLOSING;
    if (state === GOING) return;
    if (state === READY || state === LEAVING) this.#user.leaving(device);
    this.#devices[device]!.disconnect();
    this.#watch(device);
  }

  ready(device: number): void {
    if (this.#state[device] !== CONNECTING) return;
    this.#window.end();
    this.#state[device] = READY;
    this.#wasReady[device] = 1;
    this.census.ready++;
    if (this.#goings.any) {
      this.#user.returned(device, this.#markUs[device]!);
      this.#countReturn(device);
      this.#setLeave(device);
    }
    this.#user.present(device);
    this.#connectWaiting();
  }

  failed(device: number): void {
    this.#away(device);
    this.#connectWaiting();
  }

  lost(device: number): void {
    const state = this.#state[device];
    if (state === LEAVING || state === READY) this.#user.cut(device);
    if (state === LEAVING) {
      // It was about to leave anyway, and comes back as the plan says.
      this.#wheel.remove(this.#turns + device);
      this.#takeLeave(device);
      this.closed(device);
      return;
    }
    if (state === READY) this.census.ready--;
    if (this.#goings.any) {
      this.#wheel.remove(this.#turns + device);
      this.#lostUs[device] = this.#nowUs();
    }
    this.#away(device);
    this.#user.absent(device);
    this.#connectWaiting();
  }

  closed(device: number): void {
    if (this.#state[device] !== GOING) {
      this.#state[device] = CLOSED;
      this.census.closed++;
      return;
    }
    if (this.#cycle[device] === 1) {
      this.#state[device] = AWAY;
      this.#wheel.add(this.#turns + device, this.#markUs[device]!);
      return;
    }
    this.#lostUs[device] = this.#nowUs();
    const planned = this.#planned[device]!;
    this.#away(device);
    this.#planned[device] = planned;
  }

  hasRoom(device: number): void {
    this.#user.hasRoom(device);
  }

  #connectWaiting(): void {
    // One that fails at once comes here again.
    if (this.#connectsWaiting) return;
    this.#connectsWaiting = true;
    while (this.#window.hasWaiting && !this.#window.isFull) {
      const { device, dueUs } = this.#window.take();
      // Told to close for good while it waited.
      if (this.#state[device] === IDLE) this.#connect(device, dueUs);
    }
    this.#connectsWaiting = false;
  }

  #connect(device: number, intendedUs: number): void {
    this.#state[device] = CONNECTING;
    this.#window.begin();
    if (this.#goings.any) this.#markUs[device] = this.#nowUs();
    this.#user.connecting(device);
    this.#devices[device]!.connect(intendedUs);
    this.#watch(device);
  }

  /** Sets the device's own timer anew. */
  #watch(device: number): void {
    this.#wheel.remove(device);
    this.#wheel.add(device, this.#devices[device]!.timer(this.#nowUs()));
  }

  /** It could not connect, or lost its connection: it waits for its next attempt, or gives up. */
  #away(device: number): void {
    if (this.#state[device] === CONNECTING) this.#window.end();
    if (this.#state[device] === CLOSING) {
      this.#state[device] = CLOSED;
      this.census.closed++;
      return;
    }
    if (this.#goings.any) {
      this.#planned[device] = 0;
      const attempt = Math.min(this.#attempts[device]! + 1, 0xffff);
      const wasReady = this.#wasReady[device] === 1;
      const waitUs = this.#goings.backOffUs(device, attempt, this.#waits[device]!, wasReady);
      if (waitUs !== undefined) {
        if (!wasReady && this.#goings.isRetry(attempt)) this.#tally.count(COUNTER.connectsRetried);
        this.#attempts[device] = attempt;
        this.#waits[device]!++;
        this.#state[device] = AWAY;
        this.#wheel.add(this.#turns + device, this.#nowUs() + waitUs);
        return;
      }
    }
    if (this.#cycle[device] === 1) {
      this.#cycle[device] = 0;
      this.#returning--;
    }
    const lost = this.#wasReady[device] === 1;
    this.#state[device] = lost ? LOST : FAILED;
    if (lost) this.census.lost++;
    else this.census.failed++;
  }

  #leave(device: number, dueUs: number): void {
    const nowUs = this.#nowUs();
    if (this.#state[device] === READY) {
      this.#state[device] = LEAVING;
      this.census.ready--;
      this.#planned[device] = 1;
      this.#markUs[device] = dueUs;
      this.#user.absent(device);
    }
    const { cut } = this.#goings.peek(device);
    const answersComing = this.#devices[device]!.inflight > 0;
    if (!cut && answersComing && nowUs < this.#markUs[device]! + PATIENCE_US) {
      this.#wheel.add(this.#turns + device, nowUs + LOOK_US);
      return;
    }
    this.#takeLeave(device);
    this.#tally.count(COUNTER.connectionsEnded);
    if (cut) {
      this.#user.cut(device);
      this.#devices[device]!.cut();
    } else {
      this.#user.leaving(device);
      this.#devices[device]!.disconnect();
    }
    this.#watch(device);
  }

  #takeLeave(device: number): void {
    const { offlineUs } = this.#goings.peek(device);
    this.#goings.pass(device);
    this.#state[device] = GOING;
    if (offlineUs === undefined) return;
    this.#tally.count(COUNTER.cyclesScheduled);
    this.#cycle[device] = 1;
    this.#returning++;
    this.#markUs[device]! += offlineUs;
  }

  #countReturn(device: number): void {
    const nowUs = this.#nowUs();
    if (this.#cycle[device] === 1) {
      this.#tally.count(COUNTER.cyclesCompleted);
      this.#returning--;
    }
    const lostUs = this.#lostUs[device]!;
    if (lostUs > 0) {
      const startedUs = this.#markUs[device]!;
      this.#tally.count(COUNTER.reconnects);
      this.#tally.record(OUTAGE * 3 + SERVICE, nowUs - startedUs);
      this.#tally.record(OUTAGE * 3 + RESPONSE, nowUs - lostUs);
      this.#tally.record(OUTAGE * 3 + LAG, startedUs - lostUs);
    }
    this.#cycle[device] = 0;
    this.#lostUs[device] = 0;
    this.#attempts[device] = 0;
    this.#planned[device] = 0;
  }

  /** Sets the timer for the device's next leave by plan. */
  #setLeave(device: number): void {
    this.#skipLeaves(device);
    this.#wheel.add(this.#turns + device, this.#startUs + this.#goings.nextUs(device));
  }

  /** Leaves that came due while the device was not there to leave: cycles that were not run. */
  #skipLeaves(device: number): void {
    const nowUs = this.#nowUs();
    while (this.#startUs + this.#goings.nextUs(device) < nowUs) {
      if (this.#goings.peek(device).offlineUs !== undefined) {
        this.#tally.count(COUNTER.cyclesScheduled);
      }
      this.#goings.pass(device);
    }
  }
}
