import type { PublishView } from '../../wire/mod.js';
import { COUNTER, HEADER_BYTES, headerRun, type RunIdentity, type Tally } from '../device/mod.js';
import { DeviceText } from '../scenario/device-text.js';
import { FanOut } from '../scenario/fan-out.js';
import { connectionsOf, firstDeviceOn } from '../scenario/gateways.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Group, Scenario } from '../scenario/schema.js';
import { compileTemplate, type Template } from '../scenario/template.js';
import type { ShardDevices } from './shard-devices.js';

/** The wills of one group. */
interface GroupWill {
  readonly group: Group;
  readonly topic: Template;
  readonly topicText: DeviceText;
  readonly payloadText: DeviceText;
  /** µs from the end of a connection until the target publishes it. */
  readonly delayUs: number;
}

/**
 * Last wills: how many deliveries the target owes the scenario's subscribers because a device went without a
 * DISCONNECT (MQTT 5, 3.1.2.5), and how many came. A will has no measurement header: it is known by topic and payload.
 */
export class Wills {
  readonly #wills: readonly (GroupWill | undefined)[];
  readonly #fanOut: FanOut;
  readonly #placement: ShardDevices;
  readonly #identity: RunIdentity;
  readonly #identityOf: (group: number) => GroupIdentity;
  readonly #tally: Tally;
  /** By device: when its will falls due that waits for its delay; 0 if none does. */
  readonly #dueUs: Float64Array;
  /** By group, in the order in which they fall due: all of a group have the same delay. */
  readonly #waiting: { device: number; dueUs: number }[][];
  #over = false;

  constructor(
    scenario: Scenario,
    runHex: string,
    placement: ShardDevices,
    identity: RunIdentity,
    tally: Tally,
    identityOf: (group: number) => GroupIdentity,
  ) {
    this.#wills = scenario.groups.map((group) => groupWill(group, runHex));
    this.#fanOut = new FanOut(scenario, runHex);
    this.#placement = placement;
    this.#identity = identity;
    this.#identityOf = identityOf;
    this.#tally = tally;
    this.#waiting = scenario.groups.map(() => []);
    const some = this.#wills.some((will) => (will?.delayUs ?? 0) > 0);
    this.#dueUs = new Float64Array(some ? placement.count : 0);
  }

  static isNeededBy({ groups }: Scenario): boolean {
    return groups.some((group) => groupWill(group, '0000') !== undefined);
  }

  /** The device's connection ended, and the target was not told. */
  left(device: number, nowUs: number): void {
    const group = this.#placement.group(device);
    const will = this.#wills[group];
    if (will === undefined || this.#over) return;
    if (will.delayUs === 0) this.#isDue(device, COUNTER.willsExpected);
    else {
      const dueUs = nowUs + will.delayUs;
      this.#dueUs[device] = dueUs;
      this.#waiting[group]!.push({ device, dueUs });
    }
  }

  /** The device is connected again, after a connect that began at `sinceUs`. */
  returned(device: number, sinceUs: number, nowUs: number): void {
    const dueUs = this.#dueUs[device] ?? 0;
    if (dueUs === 0 || this.#over) return;
    this.#dueUs[device] = 0;
    const { group } = this.#wills[this.#placement.group(device)]!;
    // A clean start ends the session, and with it the wait; so does the delay, if it was over before the connect.
    if (group.cleanStart || dueUs < sinceUs) this.#isDue(device, COUNTER.willsExpected);
    // Within the connect, the target alone knows which came first.
    else if (dueUs <= nowUs) this.#isDue(device, COUNTER.willsUndecided);
  }

  tick(nowUs: number): void {
    for (const waiting of this.#waiting) {
      let due = 0;
      for (; due < waiting.length && waiting[due]!.dueUs + SLACK_US <= nowUs; due++) {
        const { device, dueUs } = waiting[due]!;
        if (this.#dueUs[device] !== dueUs) continue;
        this.#dueUs[device] = 0;
        this.#isDue(device, COUNTER.willsExpected);
      }
      if (due > 0) waiting.splice(0, due);
    }
  }

  /** What devices do from here on is no part of the scenario any more. */
  stop(): void {
    this.#over = true;
  }

  /** True: this PUBLISH is a will, and no delivery of a stream. */
  received(bytes: Uint8Array, view: PublishView): boolean {
    const { topicStart, topicEnd, payloadStart, payloadEnd, retain } = view;
    // A copy that the target kept is nobody's will of now.
    if (retain || topicEnd === topicStart) return false;
    const isTimed =
      payloadEnd - payloadStart >= HEADER_BYTES &&
      headerRun(bytes, payloadStart) === this.#identity.run;
    if (isTimed) return false;
    const topic = Buffer.from(bytes.subarray(topicStart, topicEnd)).toString();
    for (const will of this.#wills) {
      if (will === undefined) continue;
      const number = numberOf(will.topicText, topic, will.group);
      if (number === NONE) continue;
      const payload = Buffer.from(bytes.subarray(payloadStart, payloadEnd)).toString();
      const second = numberOf(will.payloadText, payload, will.group);
      if (second === NONE || (number !== ANY && second !== ANY && number !== second)) continue;
      this.#tally.count(COUNTER.willsReceived);
      return true;
    }
    return false;
  }

  #isDue(device: number, counter: number): void {
    const group = this.#placement.group(device);
    const will = this.#wills[group]!;
    const connection = this.#placement.indexInGroup(device);
    const topic = will.topic.render(this.#identityOf(group).valuesOfConnection(connection));
    const first = will.group.startNumber + firstDeviceOn(will.group, connection);
    const self = { group: will.group.name, number: first };
    // The device itself is not there to hear it, unless the target keeps its session.
    const isMissing = will.group.cleanStart && this.#fanOut.reaches(topic, self) ? 1 : 0;
    this.#tally.count(counter, this.#fanOut.deliveriesOf(topic) - isMissing);
  }
}

/** A device that is connecting when its will falls due says soon whether it came in time. */
const SLACK_US = 1_000_000;
const NONE = -1;
const ANY = -2;

/** The connection whose text it is, ANY if all have the same one, or NONE. */
function numberOf(text: DeviceText, found: string, group: Group): number {
  const { startNumber } = group;
  const number = text.numberOf(found);
  if (number < 0) return NONE;
  if (text.isShared) return ANY;
  return number >= startNumber && number < startNumber + connectionsOf(group) ? number : NONE;
}

/**
 * Of a group whose wills can be told: those of field clients cannot (a farewell says the same), nor those that
 * name who is in a file.
 */
function groupWill(group: Group, runHex: string): GroupWill | undefined {
  const { will, behaviour, credentials } = group;
  if (will === undefined || behaviour !== undefined) return undefined;
  const topic = compileTemplate(will.topic);
  const payload = compileTemplate(will.payload);
  const named = [topic, payload].some((text) => text.uses('c') || text.uses('u'));
  if (credentials !== undefined && named) return undefined;
  return {
    group,
    topic,
    topicText: DeviceText.ofConnection(will.topic, group, runHex),
    payloadText: DeviceText.ofConnection(will.payload, group, runHex),
    // The end of the session publishes it at the latest (MQTT 5, 3.1.3.2.2).
    delayUs: group.protocol === 5 ? Math.min(will.delayUs, group.sessionExpiryUs) : 0,
  };
}
