import { DELIVERY } from '../../results/mod.js';
import {
  COUNTER,
  type Device,
  type DeviceOwner,
  type NowUs,
  type Tally,
  type TimerSink,
  TimingWheel,
} from '../device/mod.js';
import type { Certificates } from './certificates.js';
import type { StreamTable } from './stream-table.js';

/** Messages that one stream sends in one go before others get their turn. */
const LARGEST_BURST = 256;
const GOODBYES_PER_TICK = 100;
/** A message that is late by less waits for its turn of the loop or for a collection of garbage; by more it is backlog. */
const BACKLOG_FROM_US = 100_000;

/** How many of a shard's devices stand where. */
export interface ShardCensus {
  ready: number;
  failed: number;
  lost: number;
  closed: number;
}

/**
 * The slice of the fleet that one thread drives. It decides when a device connects and publishes; the
 * devices do it, count it and time it. The schedule is open loop: what is late is sent late, timed from
 * when it was due, and nothing that falls due is dropped in silence.
 *
 * Timers 0…devices−1 are the devices' (connect, time-out, keep-alive), those above the streams'.
 */
export class Shard implements DeviceOwner, TimerSink {
  readonly census: ShardCensus = { ready: 0, failed: 0, lost: 0, closed: 0 };
  readonly #nowUs: NowUs;
  readonly #tally: Tally;
  readonly #devices: readonly Device[];
  readonly #streams: StreamTable;
  readonly #wheel: TimingWheel;
  readonly #certificates: Certificates | undefined;
  readonly #connected: Uint8Array;
  readonly #alive: Uint8Array;
  /** By stream: since when it has room again and is not done with what waited for it. Empty unless a burst was cut. */
  readonly #catchingUp = new Map<number, number>();
  #ownLagUs = 0;
  #loading = false;
  /** What falls due from here on is nobody's any more. */
  #overAtUs = Number.POSITIVE_INFINITY;
  /** The next device to disconnect; beyond the last while nobody leaves. */
  #leaving = Number.POSITIVE_INFINITY;

  /** @param makeDevices makes the devices, by index, for their owner */
  constructor(
    thread: { nowUs: NowUs; tally: Tally },
    streams: StreamTable,
    makeDevices: (owner: DeviceOwner) => readonly Device[],
    certificates?: Certificates,
  ) {
    this.#certificates = certificates;
    this.#nowUs = thread.nowUs;
    this.#tally = thread.tally;
    this.#streams = streams;
    const devices = makeDevices(this);
    this.#devices = devices;
    this.#connected = new Uint8Array(devices.length);
    this.#alive = new Uint8Array(devices.length);
    this.#wheel = new TimingWheel(devices.length + streams.count, thread.nowUs());
  }

  /** @param connectAtUs when each device is to connect, by its index, on the shared clock */
  start(connectAtUs: (device: number) => number): void {
    for (let device = 0; device < this.#devices.length; device++) {
      this.#wheel.add(device, connectAtUs(device));
    }
  }

  /** Every device is ready or has failed. */
  get settled(): boolean {
    return this.census.ready + this.census.failed + this.census.lost === this.#devices.length;
  }

  /** No device has a connection any more. */
  get allClosed(): boolean {
    const { closed, failed, lost } = this.census;
    return closed + failed + lost >= this.#devices.length;
  }

  /** Does all that has fallen due. To be called about every millisecond. */
  tick(): void {
    this.#wheel.advance(this.#nowUs(), this);
    if (this.#leaving < this.#devices.length) this.#disconnectSome();
  }

  /** Publishing begins at `startUs`. */
  begin(startUs: number): void {
    this.#loading = true;
    this.#streams.begin(startUs);
    const nowUs = this.#nowUs();
    for (let slot = 0; slot < this.#streams.count; slot++) {
      this.#wheel.add(this.#devices.length + slot, this.#streams.dueUs(slot, nowUs));
    }
  }

  /**
   * Publishing is over: what is still due is not sent any more and stays counted as scheduled. All devices
   * say goodbye, some in each tick: thousands in one would stall the loop.
   */
  disconnect(): void {
    this.#loading = false;
    this.#overAtUs = this.#nowUs();
    this.#leaving = 0;
  }

  #disconnectSome(): void {
    const end = Math.min(this.#leaving + GOODBYES_PER_TICK, this.#devices.length);
    for (; this.#leaving < end; this.#leaving++) {
      // One that never began to connect has nothing to close.
      if (this.#connected[this.#leaving] === 0) this.census.closed++;
      this.#connected[this.#leaving] = 1;
      const device = this.#devices[this.#leaving]!;
      if (device.ready) this.#certificates?.farewell(this.#leaving, device);
      device.disconnect();
    }
  }

  due(timer: number, dueUs: number): void {
    const count = this.#devices.length;
    if (timer >= count) {
      const slot = timer - count;
      this.#publish(slot, this.#catchingUp.size === 0 ? 0 : this.#takeRoomSince(slot));
      return;
    }
    const device = this.#devices[timer]!;
    if (this.#connected[timer] === 0) {
      this.#connected[timer] = 1;
      this.#certificates?.connecting(timer);
      device.connect(dueUs);
    }
    this.#wheel.add(timer, device.timer(this.#nowUs()));
  }

  ready(device: number): void {
    this.census.ready++;
    this.#alive[device] = 1;
    this.#certificates?.announce(device, this.#devices[device]!);
  }

  failed(_device: number): void {
    this.census.failed++;
  }

  lost(device: number): void {
    this.census.ready--;
    this.census.lost++;
    this.#alive[device] = 0;
    // What waited for room on it now fails as it falls due.
    this.hasRoom(device);
  }

  closed(device: number): void {
    this.census.closed++;
    if (this.#alive[device] === 1) this.census.ready--;
    this.#alive[device] = 0;
  }

  hasRoom(device: number): void {
    if (
      this.#alive[device] === 1 &&
      this.#certificates?.announce(device, this.#devices[device]!) === false
    )
      return;
    const streams = this.#streams;
    const end = streams.firstSlot(device + 1);
    for (let slot = streams.firstSlot(device); slot < end; slot++) {
      if (!streams.isBlocked(slot)) continue;
      streams.block(slot, false);
      this.#publish(slot, this.#nowUs());
    }
  }

  /** Since the last call, of all sends: from when a message was due, and its device had room, to its send. */
  takeOwnLagUs(): number {
    const ownLagUs = this.#ownLagUs;
    this.#ownLagUs = 0;
    return ownLagUs;
  }

  /**
   * Counts what fell due on streams that wait for room, or that this thread did not come to in time; returns
   * how many messages are due and unsent.
   */
  backlog(nowUs: number): number {
    const streams = this.#streams;
    const atUs = Math.min(nowUs, this.#overAtUs);
    let backlog = 0;
    for (let slot = 0; slot < streams.count; slot++) {
      if (!streams.isBlocked(slot) && !streams.isOverdue(slot, atUs - BACKLOG_FROM_US)) continue;
      this.#tally.count(COUNTER.publishesScheduled, streams.countScheduled(slot, atUs));
      backlog += streams.backlog(slot);
    }
    return backlog;
  }

  #takeRoomSince(slot: number): number {
    const sinceUs = this.#catchingUp.get(slot) ?? 0;
    this.#catchingUp.delete(slot);
    return sinceUs;
  }

  get inflight(): number {
    let inflight = 0;
    for (const device of this.#devices) inflight += device.inflight;
    return inflight;
  }

  /**
   * Sends what is due on one stream, then sets its timer or leaves it to `hasRoom`.
   * @param roomSinceUs what was due before waited for the target, not for this thread
   */
  #publish(slot: number, roomSinceUs: number): void {
    if (!this.#loading) return;
    const streams = this.#streams;
    const tally = this.#tally;
    const deviceIndex = streams.device(slot);
    const device = this.#devices[deviceIndex]!;
    const alive = this.#alive[deviceIndex] === 1;
    const closedLoop = streams.program(slot).arrivals === undefined;
    let dueUs = 0;
    for (let burst = 0; ; burst++) {
      const atUs = this.#nowUs();
      dueUs = streams.dueUs(slot, atUs);
      if (dueUs > atUs || burst === LARGEST_BURST) break;
      if (!alive) {
        // A closed loop on a dead device offers nothing.
        if (closedLoop) {
          dueUs = Number.POSITIVE_INFINITY;
          break;
        }
        tally.count(COUNTER.publishesScheduled, streams.advance(slot));
        tally.count(COUNTER.publishesFailed);
        tally.error('publish: the device is not connected');
        continue;
      }
      if (this.#certificates?.isUnborn(deviceIndex)) {
        streams.block(slot, true);
        return;
      }
      const message = streams.outgoing(slot);
      if (!device.publish(message, streams.number(slot), closedLoop ? atUs : dueUs)) {
        streams.block(slot, true);
        device.flush();
        return;
      }
      const intendedUs = closedLoop ? atUs : dueUs;
      this.#ownLagUs += atUs - Math.max(intendedUs, roomSinceUs);
      const deliveries = streams.fanOut(slot);
      tally.count(COUNTER.deliveriesExpected, deliveries);
      if (message.timed) tally.entered(DELIVERY, intendedUs, deliveries);
      tally.count(COUNTER.publishesScheduled, streams.advance(slot));
    }
    device.flush();
    if (dueUs < roomSinceUs) this.#catchingUp.set(slot, roomSinceUs);
    this.#wheel.add(this.#devices.length + slot, dueUs);
  }
}
