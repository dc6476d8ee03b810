import type { Outgoing } from '../device/mod.js';
import {
  compilePayload,
  compileTemplate,
  FanOut,
  type FleetPlan,
  type PayloadTemplate,
  type PayloadValues,
  type Publish,
  type Scenario,
  type Template,
} from '../scenario/mod.js';
import { type Arrivals, arrivals, type LoadCurve } from '../schedule/mod.js';
import { GroupIdentities } from './device-identities.js';
import { GroupLoad } from './load-program.js';

/** One publish stream of a group, ready to be run by any of its devices. */
export class StreamProgram {
  /** undefined: closed loop, as fast as the in-flight window lets (`saturate`). */
  readonly arrivals: Arrivals | undefined;
  readonly curve: LoadCurve;
  readonly topicIsStatic: boolean;
  readonly timed: boolean;
  readonly #spec: Publish;
  readonly #topic: Template;
  readonly #payload: PayloadTemplate;
  readonly #load: GroupLoad;
  readonly #identities: GroupIdentities;
  readonly #senderBase: number;
  readonly #values: PayloadValues;
  readonly #fanOut: FanOut;
  readonly #wallUs: () => number;
  #bytes: Uint8Array;
  #bytesOf = -1;

  constructor(
    spec: Publish,
    shared: { load: GroupLoad; identities: GroupIdentities; fanOut: FanOut; wallUs: () => number },
    schedule: { arrivals: Arrivals | undefined; senderBase: number },
  ) {
    this.arrivals = schedule.arrivals;
    this.curve = shared.load.curve;
    this.#spec = spec;
    this.#topic = compileTemplate(spec.topic);
    this.#payload = compilePayload(spec.payload);
    this.#load = shared.load;
    this.#identities = shared.identities;
    this.#senderBase = schedule.senderBase;
    this.#fanOut = shared.fanOut;
    this.#wallUs = shared.wallUs;
    this.topicIsStatic = this.#topic.isStatic;
    this.timed = this.#payload.headerBytes > 0;
    this.#values = { ...shared.identities.values(0), wallUs: 0 };
    this.#bytes = new Uint8Array(this.#payload.fixedBytes ?? 0);
  }

  /** Messages that the device may send in all: its even part of the group's limit. */
  limitOf(indexInGroup: number): number {
    const { limit } = this.#spec;
    if (limit === 0) return Number.POSITIVE_INFINITY;
    const { count } = this.#identities.group;
    return Math.floor(limit / count) + (indexInGroup < limit % count ? 1 : 0);
  }

  /** For a closed loop: from when on, not before `atUs`, there is load (µs since publishing began). */
  activeFromUs(atUs: number): number {
    return this.#load.activeFromUs(atUs);
  }

  /** Makes message `number` of a device. Topic and payload are valid until the next call. */
  fill(into: Outgoing, indexInGroup: number, number: number, topicKnown: boolean): Outgoing {
    const { qos, retain } = this.#spec;
    into.qos = qos;
    into.retain = retain;
    into.timed = this.timed;
    into.sender = this.#senderBase + indexInGroup;
    const payloadStands =
      this.#payload.isShared || (this.#payload.isStatic && this.#bytesOf === indexInGroup);
    if (!topicKnown || !payloadStands || this.#bytesOf < 0) {
      Object.assign(this.#values, this.#identities.values(indexInGroup));
      this.#values.message = number;
      this.#values.sender = into.sender;
    }
    if (!topicKnown) {
      into.topic = Buffer.from(this.#topic.render(this.#values));
      into.topicStart = 0;
      into.topicEnd = into.topic.length;
    }
    if (!payloadStands || this.#bytesOf < 0) this.#fillPayload(indexInGroup);
    into.payload = this.#bytes;
    return into;
  }

  /** Deliveries that a message on this topic must cause. */
  deliveriesOf(topic: Uint8Array, start: number, end: number): number {
    return this.#fanOut.deliveriesOf(Buffer.from(topic.subarray(start, end)).toString());
  }

  #fillPayload(indexInGroup: number): void {
    this.#values.wallUs = this.#wallUs();
    const bytes = this.#payload.fixedBytes ?? this.#payload.sizeBytes(this.#values);
    if (bytes !== this.#bytes.length) this.#bytes = new Uint8Array(bytes);
    this.#payload.fill(this.#bytes, 0, this.#values);
    this.#bytesOf = indexInGroup;
  }
}

/**
 * All streams of a scenario, by group.
 * @param wallUs µs since 1970, for time stamps in payload templates
 */
export function streamPrograms(
  scenario: Scenario,
  plan: FleetPlan,
  runHex: string,
  wallUs: () => number,
): StreamProgram[][] {
  const fanOut = new FanOut(scenario, runHex);
  return scenario.groups.map((group, groupIndex) => {
    const load = new GroupLoad(scenario, group.name);
    const identities = new GroupIdentities(scenario, group, runHex);
    return group.publish.map((spec, k) => {
      const { senderBase, streamKey } = plan.groups[groupIndex]!.streams[k]!;
      const schedule =
        spec.arrivals.kind === 'saturate'
          ? undefined
          : arrivals(spec.arrivals, group.count, scenario.seed, streamKey);
      return new StreamProgram(
        spec,
        { load, identities, fanOut, wallUs },
        { arrivals: schedule, senderBase },
      );
    });
  });
}
