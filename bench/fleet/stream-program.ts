import type { Outgoing, RequestLog } from '../device/mod.js';
import type { FieldSession } from '../field-clients/session.js';
import { groupIdentity } from '../scenario/credentials.js';
import { FanOut } from '../scenario/fan-out.js';
import type { GroupIdentity } from '../scenario/identity.js';
import { compilePayload, type PayloadTemplate, type PayloadValues } from '../scenario/payload.js';
import { type FleetPlan, messageLimit } from '../scenario/plan.js';
import type { Group, Publish, Scenario } from '../scenario/schema.js';
import { compileTemplate, type Template } from '../scenario/template.js';
import { type Arrivals, arrivals, type LoadCurve } from '../schedule/mod.js';
import { GroupLoad } from './load-program.js';
import { streamAliases } from './mqtt5-program.js';
import type { Requests } from './requests.js';
import { StreamProperties } from './stream-properties.js';
import { TopicWriter } from './topic-writer.js';

/** What the streams of one group have in common. */
interface GroupContext {
  group: Group;
  /** what `{run}` stands for */
  runHex: string;
  identity: GroupIdentity;
  load: GroupLoad;
  fanOut: FanOut;
  /** Used again for each question of who publishes. */
  publishers: { group: string; number: number };
  /** of a group that behaves as field clients do */
  session: FieldSession | undefined;
  /** µs since 1970, for time stamps in payload templates */
  wallUs: () => number;
}

/** One publish stream of a group, ready to be run by any of its devices. */
export class StreamProgram {
  /** undefined: closed loop, as fast as the in-flight window lets (`saturate`). */
  readonly arrivals: Arrivals | undefined;
  readonly curve: LoadCurve;
  readonly topicIsStatic: boolean;
  /** Topics that never change are kept, one for each device; where many share a connection each is written when it is sent. */
  readonly keepsTopics: boolean;
  readonly qos: 0 | 1 | 2;
  /** Its messages carry the measurement header. */
  readonly timed: boolean;
  /** Where in the payload that is. */
  readonly headerAt: number;
  /** Of its PUBLISHes, in MQTT 5. */
  readonly properties: StreamProperties | undefined;
  /** Where its messages are requests: who is told of them. */
  readonly request: RequestLog | undefined;
  readonly #spec: Publish;
  readonly #context: GroupContext;
  readonly #senderBase: number;
  readonly #topic: Template;
  readonly #topicWriter: TopicWriter | undefined;
  readonly #payload: PayloadTemplate;
  #values: PayloadValues | undefined;
  #bytes: Uint8Array;
  /** The device that `#bytes` and `#values` are of. */
  #madeFor = -1;

  constructor(
    spec: Publish,
    context: GroupContext,
    senderBase: number,
    schedule: Arrivals | undefined,
    topicAlias = 0,
    request?: RequestLog,
  ) {
    this.arrivals = schedule;
    this.curve = context.load.curve;
    this.#spec = spec;
    this.#context = context;
    this.#senderBase = senderBase;
    this.#topic = compileTemplate(spec.topic);
    this.#payload = compilePayload(spec.payload);
    this.#payload.prepare?.();
    this.topicIsStatic = this.#topic.isStatic;
    const { group, runHex } = context;
    const isAlone = group.devicesPerConnection === 1;
    this.keepsTopics = this.topicIsStatic && isAlone;
    this.#topicWriter = isAlone ? undefined : TopicWriter.of(this.#topic, group, runHex);
    this.qos = spec.qos;
    this.timed = this.#payload.headerBytes > 0;
    this.headerAt = this.#payload.headerAt ?? 0;
    this.#bytes = new Uint8Array(this.#payload.fixedBytes ?? 0);
    const { properties, response } = spec;
    const has =
      context.group.protocol === 5 && (properties !== undefined || response !== undefined);
    this.properties = has ? new StreamProperties(spec, topicAlias) : undefined;
    this.request = request;
  }

  /** Messages that the device may send in all. */
  limitOf(indexInGroup: number): number {
    return messageLimit(this.#spec, this.#context.group.count, indexInGroup);
  }

  /** For a closed loop: from when on, not before `atUs`, there is load (µs since publishing began). */
  activeFromUs(atUs: number): number {
    return this.#context.load.activeFromUs(atUs);
  }

  /**
   * Makes message `number` of a device; `topicKnown` leaves out the topic. Topic and payload are valid
   * until the next call. Where neither changes from message to message, nothing is allocated.
   */
  fill(into: Outgoing, indexInGroup: number, number: number, topicKnown: boolean): void {
    into.qos = this.#spec.qos;
    into.retain = this.#spec.retain;
    into.timed = this.timed;
    into.request = this.request;
    into.headerAt = this.headerAt;
    into.sender = this.#senderBase + indexInGroup;
    if (!topicKnown && this.#topicWriter !== undefined) {
      into.topic = this.#topicWriter.bytes;
      into.topicStart = 0;
      into.topicEnd = this.#topicWriter.write(indexInGroup);
      this.#fillPayload(into, indexInGroup, number, true);
    } else this.#fillPayload(into, indexInGroup, number, topicKnown);
  }

  #fillPayload(into: Outgoing, indexInGroup: number, number: number, topicKnown: boolean): void {
    const payload = this.#payload;
    const payloadStands =
      this.#madeFor >= 0 &&
      (payload.isShared || (payload.isStatic && this.#madeFor === indexInGroup));
    if (!topicKnown || !payloadStands) {
      const values = this.#valuesOf(indexInGroup, into.sender);
      values.message = number;
      if (!topicKnown) {
        into.topic = Buffer.from(this.#topic.render(values));
        into.topicStart = 0;
        into.topicEnd = into.topic.length;
      }
      if (!payloadStands) {
        values.wallUs = this.#context.wallUs();
        const { session } = this.#context;
        if (session !== undefined) values.sessionSequence = session.sequence(indexInGroup);
        const bytes = payload.fixedBytes ?? payload.sizeBytes(values);
        if (bytes !== this.#bytes.length) this.#bytes = new Uint8Array(bytes);
        payload.fill(this.#bytes, 0, values);
      }
      this.#madeFor = indexInGroup;
    }
    into.payload = this.#bytes;
  }

  /** The message that `fill` made last for this device is dealt with. */
  advanced(indexInGroup: number): void {
    this.#context.session?.sent(indexInGroup);
  }

  /** The property list of this device's messages; `properties` is there. */
  propertiesOf(indexInGroup: number): Uint8Array {
    const { identity } = this.#context;
    return this.properties!.bytes(identity.valuesOf(indexInGroup, this.#senderBase + indexInGroup));
  }

  /** Deliveries that a message of this device on this topic must cause. */
  deliveriesOf(topic: Uint8Array, start: number, end: number, indexInGroup: number): number {
    const { fanOut, publishers } = this.#context;
    publishers.number = this.#context.group.startNumber + indexInGroup;
    const name = Buffer.from(topic.subarray(start, end)).toString();
    return fanOut.deliveriesOf(name, publishers);
  }

  #valuesOf(indexInGroup: number, sender: number): PayloadValues {
    if (this.#values === undefined || this.#madeFor !== indexInGroup) {
      const values = this.#context.identity.valuesOf(indexInGroup, sender);
      this.#values = { ...values, wallUs: 0 };
    }
    return this.#values;
  }
}

/**
 * All streams of a scenario, by group.
 * @param runHex what `{run}` stands for
 * @param wallUs µs since 1970
 */
export function streamPrograms(
  scenario: Scenario,
  plan: FleetPlan,
  runHex: string,
  wallUs: () => number,
  sessions: readonly (FieldSession | undefined)[] = [],
  requests?: Requests,
): StreamProgram[][] {
  const fanOut = new FanOut(scenario, runHex);
  return scenario.groups.map((group, groupIndex) => {
    const identity = groupIdentity(group, runHex, scenario.seed);
    const load = new GroupLoad(scenario, group.name);
    const session = sessions[groupIndex];
    const publishers = { group: group.name, number: 0 };
    const context = { group, runHex, identity, load, fanOut, publishers, wallUs, session };
    const aliases = streamAliases(group);
    return group.publish.map((spec, k) => {
      const { senderBase, streamKey } = plan.groups[groupIndex]!.streams[k]!;
      const schedule =
        spec.arrivals.kind === 'saturate'
          ? undefined
          : arrivals(spec.arrivals, group.count, scenario.seed, streamKey);
      const { response } = spec;
      const request =
        response === undefined
          ? undefined
          : requests?.stream(groupIndex, senderBase, group.count, response.timeoutUs);
      return new StreamProgram(spec, context, senderBase, schedule, aliases[k]!, request);
    });
  });
}
