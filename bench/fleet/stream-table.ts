import type { Outgoing, OutgoingProperties } from '../device/mod.js';
import type { ShardDevices } from './shard-devices.js';
import type { StreamProgram } from './stream-program.js';

/**
 * Where every publish stream of a shard's devices stands in the schedule: one slot per device and stream,
 * in typed arrays. Message numbers count from 1. Times are µs on the machine's monotonic clock.
 *
 * The slots of a gateway's device are those of all devices that it carries, one after the other; this and their
 * timers are all that there is of a device behind a gateway, 53 bytes for each of its streams.
 *
 * Two cursors run along a stream's schedule: the *next* message to send, and, when the device has no room
 * and falls behind, the next one not yet counted as scheduled. Their distance is the backlog.
 */
export class StreamTable {
  readonly count: number;
  readonly #programs: readonly StreamProgram[];
  readonly #program: Uint16Array;
  readonly #device: Int32Array;
  /** First slot of each device, one entry more for the end. */
  readonly #firstSlot: Int32Array;
  readonly #indexInGroup: Int32Array;
  readonly #done: Uint32Array;
  readonly #nextLoadUs: Float64Array;
  readonly #scheduled: Uint32Array;
  readonly #scheduledLoadUs: Float64Array;
  readonly #fanOut: Int32Array;
  readonly #blocked: Uint8Array;
  /** The topics that never change and are kept, one after the other; each rendered when first needed. */
  #topics = new Uint8Array(1024);
  #topicsLength = 0;
  /** By kept topic: slot less what its program says here. */
  readonly #topicStart: Uint32Array;
  readonly #topicEnd: Uint32Array;
  /** Where the property list of a device of its own begins and ends among the topics; empty where no stream has such. */
  readonly #propertiesStart: Uint32Array;
  readonly #propertiesEnd: Uint32Array;
  readonly #slotsNotKept: Int32Array;
  /** By program: what is due before this load time is overdue, at the time that `isOverdue` was last asked for. */
  readonly #overdueLoadUs: Float64Array;
  #overdueAtUs = Number.NaN;
  #startUs = Number.POSITIVE_INFINITY;
  /** The one message being sent; valid until the next call of `outgoing`. */
  readonly #outgoing: Outgoing = {
    topic: new Uint8Array(0),
    topicStart: 0,
    topicEnd: 0,
    payload: new Uint8Array(0),
    timed: false,
    headerAt: 0,
    qos: 0,
    retain: false,
    sender: 0,
    properties: undefined,
    request: undefined,
  };
  readonly #properties: OutgoingProperties = {
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    topicAlias: 0,
    correlates: false,
  };

  /** @param programs by group, then by stream of the group */
  constructor(programs: readonly (readonly StreamProgram[])[], devices: ShardDevices) {
    this.#programs = programs.flat();
    const firstProgram: number[] = [];
    let total = 0;
    for (const group of programs) {
      firstProgram.push(total);
      total += group.length;
    }
    this.#firstSlot = new Int32Array(devices.count + 1);
    this.#slotsNotKept = new Int32Array(total);
    this.#overdueLoadUs = new Float64Array(total);
    let slots = 0;
    let slotsNotKept = 0;
    for (let local = 0; local < devices.count; local++) {
      this.#firstSlot[local] = slots;
      const group = devices.group(local);
      const own = programs[group]!;
      const carried = devices.carried(local);
      slots += carried * own.length;
      if (own.every(({ keepsTopics }) => !keepsTopics)) slotsNotKept += carried * own.length;
      const first = firstProgram[group]!;
      this.#slotsNotKept.fill(slotsNotKept, first, first + own.length);
    }
    this.#firstSlot[devices.count] = slots;
    this.count = slots;
    this.#program = new Uint16Array(slots);
    this.#device = new Int32Array(slots);
    this.#indexInGroup = new Int32Array(slots);
    this.#done = new Uint32Array(slots);
    this.#nextLoadUs = new Float64Array(slots);
    this.#scheduled = new Uint32Array(slots);
    this.#scheduledLoadUs = new Float64Array(slots);
    this.#fanOut = new Int32Array(slots).fill(-1);
    this.#blocked = new Uint8Array(slots);
    const ownLists = this.#programs.some(({ properties }) => properties?.isShared === false);
    this.#propertiesStart = new Uint32Array(ownLists ? slots : 0);
    this.#propertiesEnd = new Uint32Array(ownLists ? slots : 0);
    this.#topicStart = new Uint32Array(slots - slotsNotKept);
    this.#topicEnd = new Uint32Array(slots - slotsNotKept);
    for (let local = 0; local < devices.count; local++) {
      const first = this.#firstSlot[local]!;
      const group = devices.group(local);
      const streams = programs[group]!.length;
      const index = devices.firstCarried(local);
      for (let slot = first; slot < this.#firstSlot[local + 1]!; slot++) {
        const stream = (slot - first) % streams;
        this.#program[slot] = firstProgram[group]! + stream;
        this.#device[slot] = local;
        this.#indexInGroup[slot] = index + (slot - first - stream) / streams;
        this.#lay(slot);
      }
    }
  }

  /** Its first message; done before the run, for it takes a while for millions. */
  #lay(slot: number): void {
    const { arrivals } = this.program(slot);
    if (arrivals === undefined) return;
    const firstUs = arrivals.firstUs(this.#indexInGroup[slot]!);
    this.#nextLoadUs[slot] = firstUs;
    this.#scheduledLoadUs[slot] = firstUs;
  }

  /** Publishing begins: schedules count from `startUs`. */
  begin(startUs: number): void {
    this.#startUs = startUs;
  }

  /** Of all streams together; their timers are the wheel's. */
  get stateBytes(): number {
    const perSlot = [this.#program, this.#device, this.#indexInGroup, this.#done, this.#nextLoadUs];
    const behind = [this.#scheduled, this.#scheduledLoadUs, this.#fanOut, this.#blocked];
    const topics = [this.#topics, this.#topicStart, this.#topicEnd];
    const lists = [this.#propertiesStart, this.#propertiesEnd];
    return [...perSlot, ...behind, ...topics, ...lists].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
  }

  program(slot: number): StreamProgram {
    return this.#programs[this.#program[slot]!]!;
  }

  device(slot: number): number {
    return this.#device[slot]!;
  }

  firstSlot(device: number): number {
    return this.#firstSlot[device]!;
  }

  /** When the stream's next message is due; Infinity when there is none. */
  dueUs(slot: number, nowUs: number): number {
    const program = this.program(slot);
    if (this.#done[slot]! >= program.limitOf(this.#indexInGroup[slot]!)) {
      return Number.POSITIVE_INFINITY;
    }
    if (program.arrivals === undefined) {
      return this.#startUs + program.activeFromUs(nowUs - this.#startUs);
    }
    return this.#startUs + program.curve.wallUs(this.#nextLoadUs[slot]!);
  }

  /** Number of the next message. */
  number(slot: number): number {
    return this.#done[slot]! + 1;
  }

  /** The next message as it is to be sent. */
  outgoing(slot: number): Outgoing {
    const program = this.program(slot);
    const outgoing = this.#outgoing;
    const number = this.number(slot);
    outgoing.properties = this.#propertiesOf(slot, program);
    if (!program.keepsTopics) {
      program.fill(outgoing, this.#indexInGroup[slot]!, number, false);
      return outgoing;
    }
    const kept = slot - this.#slotsNotKept[this.#program[slot]!]!;
    const known = this.#topicEnd[kept] !== 0;
    program.fill(outgoing, this.#indexInGroup[slot]!, number, known);
    if (!known) {
      this.#topicStart[kept] = this.#keep(outgoing.topic);
      this.#topicEnd[kept] = this.#topicsLength;
    }
    outgoing.topic = this.#topics;
    outgoing.topicStart = this.#topicStart[kept]!;
    outgoing.topicEnd = this.#topicEnd[kept]!;
    return outgoing;
  }

  /** Deliveries that the message last asked for with `outgoing` must cause. */
  fanOut(slot: number): number {
    const program = this.program(slot);
    const { topic, topicStart, topicEnd } = this.#outgoing;
    const index = this.#indexInGroup[slot]!;
    if (!program.topicIsStatic) return program.deliveriesOf(topic, topicStart, topicEnd, index);
    let deliveries = this.#fanOut[slot]!;
    if (deliveries < 0) {
      deliveries = program.deliveriesOf(topic, topicStart, topicEnd, index);
      this.#fanOut[slot] = deliveries;
    }
    return deliveries;
  }

  /** The next message is dealt with. Returns how many this makes newly scheduled: 1, or 0 if it was counted before. */
  advance(slot: number): 0 | 1 {
    const done = this.#done[slot]! + 1;
    this.#done[slot] = done;
    this.program(slot).advanced(this.#indexInGroup[slot]!);
    const counted = this.#scheduled[slot]! >= done;
    if (!counted) {
      this.#scheduled[slot] = done;
      this.#scheduledLoadUs[slot] = this.#after(slot, done, this.#scheduledLoadUs[slot]!);
    }
    this.#nextLoadUs[slot] =
      this.#scheduled[slot] === done
        ? this.#scheduledLoadUs[slot]!
        : this.#after(slot, done, this.#nextLoadUs[slot]!);
    return counted ? 0 : 1;
  }

  /** Its next message was due before `atUs`. */
  isOverdue(slot: number, atUs: number): boolean {
    if (atUs < this.#startUs) return false;
    if (atUs !== this.#overdueAtUs) this.#lookAt(atUs);
    // Asked for millions of streams a second, of which few are.
    return (
      this.#nextLoadUs[slot]! < this.#overdueLoadUs[this.#program[slot]!]! &&
      this.#done[slot]! < this.program(slot).limitOf(this.#indexInGroup[slot]!)
    );
  }

  #lookAt(atUs: number): void {
    this.#overdueAtUs = atUs;
    this.#programs.forEach(({ arrivals, curve }, k) => {
      this.#overdueLoadUs[k] =
        arrivals === undefined
          ? Number.NEGATIVE_INFINITY
          : Math.min(curve.totalLoadUs, curve.loadUs(atUs - this.#startUs));
    });
  }

  /** Counts what has fallen due by `nowUs` on a stream that is behind. Returns how many are new. */
  countScheduled(slot: number, nowUs: number): number {
    const program = this.program(slot);
    if (program.arrivals === undefined) return 0;
    const limit = program.limitOf(this.#indexInGroup[slot]!);
    const nowLoadUs = program.curve.loadUs(nowUs - this.#startUs);
    let number = this.#scheduled[slot]!;
    let loadUs = this.#scheduledLoadUs[slot]!;
    const before = number;
    // The load at its end is the total: an arrival there belongs to no phase.
    while (number < limit && loadUs <= nowLoadUs && loadUs < program.curve.totalLoadUs) {
      number++;
      loadUs = this.#after(slot, number, loadUs);
    }
    this.#scheduled[slot] = number;
    this.#scheduledLoadUs[slot] = loadUs;
    return number - before;
  }

  /** Scheduled and not dealt with. */
  backlog(slot: number): number {
    return this.#scheduled[slot]! - this.#done[slot]!;
  }

  isBlocked(slot: number): boolean {
    return this.#blocked[slot] === 1;
  }

  block(slot: number, blocked: boolean): void {
    this.#blocked[slot] = blocked ? 1 : 0;
  }

  #propertiesOf(slot: number, program: StreamProgram): OutgoingProperties | undefined {
    if (program.properties === undefined) return undefined;
    const { isShared, shared, topicAlias, correlates } = program.properties;
    const outgoing = this.#properties;
    outgoing.topicAlias = topicAlias;
    outgoing.correlates = correlates;
    if (isShared) {
      outgoing.bytes = shared ?? program.propertiesOf(0);
      outgoing.start = 0;
      outgoing.end = outgoing.bytes.length;
      return outgoing;
    }
    if (this.#propertiesEnd[slot] === 0) {
      this.#propertiesStart[slot] = this.#keep(program.propertiesOf(this.#indexInGroup[slot]!));
      this.#propertiesEnd[slot] = this.#topicsLength;
    }
    outgoing.bytes = this.#topics;
    outgoing.start = this.#propertiesStart[slot]!;
    outgoing.end = this.#propertiesEnd[slot]!;
    return outgoing;
  }

  /** Returns where the bytes begin among the topics. */
  #keep(kept: Uint8Array): number {
    const start = this.#topicsLength;
    const end = start + kept.length;
    if (end > this.#topics.length) {
      const larger = new Uint8Array(Math.max(end, this.#topics.length * 2));
      larger.set(this.#topics);
      this.#topics = larger;
    }
    this.#topics.set(kept, start);
    this.#topicsLength = end;
    return start;
  }

  /** Load time of message `done + 1`, given that of message `done`. */
  #after(slot: number, done: number, loadUs: number): number {
    const { arrivals } = this.program(slot);
    return arrivals === undefined
      ? loadUs
      : arrivals.nextUs(this.#indexInGroup[slot]!, done, loadUs);
  }
}
