import { DELIVERY } from '../../results/measure.js';
import {
  COUNTER,
  type Device,
  type DeviceOwner,
  type NowUs,
  type Tally,
  type TimerSink,
  TimingWheel,
} from '../device/mod.js';
import type { Births } from './births.js';
import type { Exchanges } from './exchanges.js';
import type { Goings } from './goings.js';
import { Presence, type PresenceUser } from './presence.js';
import type { StreamTable } from './stream-table.js';
import type { Wills } from './wills.js';

/** Messages that one stream sends in one go before others get their turn. */
const LARGEST_BURST = 256;
const GOODBYES_PER_TICK = 100;
/** Above all: a full window refuses QoS 1 and 2, a full connection QoS 0 too. */
const NO_QOS = 3;
/** A message that is late by less waits for its turn of the loop or for a collection of garbage; by more it is backlog. */
const BACKLOG_FROM_US = 100_000;
/** Messages of one turn of the loop go out together: by less, none of them is late. */
const TURN_US = 1000;

/**
 * The slice of the fleet that one thread drives. It decides when a device connects and publishes; the
 * devices do it, count it and time it. The schedule is open loop: what is late is sent late, timed from
 * when it was due, and nothing that falls due is dropped in silence.
 *
 * Timers 0…devices−1 are the devices' (connect, time-out, keep-alive), those above the streams', and
 * above these, where devices come and go, again one for each device.
 */
export class Shard implements PresenceUser, TimerSink {
  readonly presence: Presence;
  readonly #nowUs: NowUs;
  readonly #tally: Tally;
  readonly #devices: readonly Device[];
  readonly #streams: StreamTable;
  readonly #wheel: TimingWheel;
  readonly #births: Births | undefined;
  readonly #exchanges: Exchanges | undefined;
  readonly #wills: Wills | undefined;
  /** By device: which of its streams is the first to have what room there is next. */
  readonly #turn: Uint32Array;
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
    goings: Goings,
    count: number,
    births?: Births,
    exchanges?: Exchanges,
    wills?: Wills,
  ) {
    this.#births = births;
    this.#exchanges = exchanges;
    this.#wills = wills;
    this.#nowUs = thread.nowUs;
    this.#tally = thread.tally;
    this.#streams = streams;
    this.presence = new Presence(thread, goings, count, this);
    const turns = count + streams.count;
    this.#wheel = new TimingWheel(turns + (goings.any ? count : 0), thread.nowUs());
    this.#turn = new Uint32Array(count);
    this.#devices = makeDevices(this.presence);
    exchanges?.attach(this.#devices);
    this.presence.attach(this.#devices, { wheel: this.#wheel, turns });
  }

  /** @param connectAtUs when each device is to connect, by its index, on the shared clock */
  start(connectAtUs: (device: number) => number): void {
    for (let device = 0; device < this.#devices.length; device++) {
      this.#wheel.add(device, connectAtUs(device));
    }
  }

  /** Does all that has fallen due. To be called about every millisecond. */
  tick(): void {
    this.#wheel.advance(this.#nowUs(), this);
    this.#exchanges?.tick(this.#nowUs());
    this.#wills?.tick(this.#nowUs());
    if (this.#leaving < this.#devices.length) this.#disconnectSome();
  }

  /** Publishing begins at `startUs`. */
  begin(startUs: number): void {
    this.#loading = true;
    this.#streams.begin(startUs);
    this.presence.begin(startUs);
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
    this.#exchanges?.stop();
    this.#wills?.stop();
    this.#overAtUs = this.#nowUs();
    this.#leaving = 0;
  }

  #disconnectSome(): void {
    const end = Math.min(this.#leaving + GOODBYES_PER_TICK, this.#devices.length);
    for (; this.#leaving < end; this.#leaving++) this.presence.goodbye(this.#leaving);
  }

  due(timer: number, dueUs: number): void {
    const devices = this.#devices.length;
    const turns = devices + this.#streams.count;
    if (timer >= turns) this.presence.turnDue(timer - turns, dueUs);
    else if (timer >= devices) this.#streamDue(timer - devices);
    else this.presence.deviceDue(timer, dueUs);
  }

  #streamDue(slot: number): void {
    this.#publish(slot, this.#catchingUp.size === 0 ? 0 : this.#takeRoomSince(slot));
  }

  connecting(device: number): void {
    this.#births?.connecting(device);
  }

  leaving(device: number): void {
    this.#births?.farewell(device, this.#devices[device]!);
  }

  /** Closed loops go on; the other streams have their timers. */
  present(device: number): void {
    this.#births?.announce(device, this.#devices[device]!);
    const streams = this.#streams;
    const end = streams.firstSlot(device + 1);
    for (let slot = streams.firstSlot(device); slot < end; slot++) {
      if (streams.program(slot).arrivals !== undefined || streams.isBlocked(slot)) continue;
      if (!this.#wheel.isSet(this.#devices.length + slot)) this.#publish(slot, this.#nowUs());
    }
  }

  cut(device: number): void {
    this.#wills?.left(device, this.#nowUs());
  }

  returned(device: number, sinceUs: number): void {
    this.#wills?.returned(device, sinceUs, this.#nowUs());
  }

  absent(device: number): void {
    // What waited for room on it now fails as it falls due.
    this.hasRoom(device);
  }

  hasRoom(device: number): void {
    if (
      this.presence.isReady(device) &&
      this.#births?.announce(device, this.#devices[device]!) === false
    )
      return;
    const streams = this.#streams;
    const first = streams.firstSlot(device);
    const count = streams.firstSlot(device + 1) - first;
    const turn = this.#turn[device]!;
    let refused = NO_QOS;
    for (let k = 0; k < count; k++) {
      const place = (turn + k) % count;
      const slot = first + place;
      if (!streams.isBlocked(slot) || streams.program(slot).qos >= refused) continue;
      const next = streams.number(slot);
      streams.block(slot, false);
      this.#publish(slot, this.#nowUs());
      // In turn, or the first streams of a gateway would have all the room that there ever is.
      if (streams.number(slot) > next) this.#turn[device] = (place + 1) % count;
      if (streams.isBlocked(slot)) refused = Math.min(streams.program(slot).qos, 1);
    }
  }

  /** Of streams and timers, connections left aside. */
  get stateBytes(): number {
    return this.#streams.stateBytes + this.#wheel.stateBytes;
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

  /** Messages without their acknowledgement, requests without their answer, answers that wait to be sent. */
  get inflight(): number {
    let inflight = this.#exchanges?.open ?? 0;
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
    const ready = this.presence.isReady(deviceIndex);
    const closedLoop = streams.program(slot).arrivals === undefined;
    let dueUs = 0;
    for (let burst = 0; ; burst++) {
      const atUs = this.#nowUs();
      dueUs = streams.dueUs(slot, atUs);
      if (burst > 0 && ready && dueUs + TURN_US < atUs && !closedLoop) {
        tally.count(COUNTER.publishesOverrun);
      }
      if (dueUs > atUs || burst === LARGEST_BURST) break;
      if (!ready) {
        // A closed loop on a device that is not there offers nothing.
        if (closedLoop) {
          dueUs = Number.POSITIVE_INFINITY;
          break;
        }
        this.#passOver(slot, deviceIndex);
        continue;
      }
      if (this.#births?.isUnborn(deviceIndex)) {
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

  /** A message falls due on a device that is not connected. */
  #passOver(slot: number, device: number): void {
    const tally = this.#tally;
    const fresh = this.#streams.advance(slot);
    if (fresh === 1 && this.presence.isAwayByPlan(device)) {
      tally.count(COUNTER.publishesAway);
      return;
    }
    tally.count(COUNTER.publishesScheduled, fresh);
    tally.count(COUNTER.publishesFailed);
    tally.error('publish: the device is not connected');
  }
}
