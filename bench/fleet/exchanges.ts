import {
  CORRELATION_DATA,
  findProperty,
  type PublishView,
  RESPONSE_TOPIC,
} from '../../wire/mod.js';
import {
  answerMark,
  type Device,
  type Exchange,
  HEADER_BYTES,
  headerRun,
  headerSender,
  headerSequence,
  type RunIdentity,
  type Tally,
} from '../device/mod.js';
import type { GroupIdentity } from '../scenario/identity.js';
import type { Scenario } from '../scenario/schema.js';
import { compileTemplate } from '../scenario/template.js';
import { Answers } from './answers.js';
import { NOBODY, type Requests } from './requests.js';
import type { ShardDevices } from './shard-devices.js';

const NOTHING = -1;

/** Requests and answers of a shard's devices: what they receive is an answer, a request to be answered, or neither. */
export class Exchanges implements Exchange {
  readonly #scenario: Scenario;
  readonly #placement: ShardDevices;
  readonly #identity: RunIdentity;
  readonly #identityOf: (group: number) => GroupIdentity;
  readonly #requests: Requests;
  /** By group. */
  readonly #asks: readonly boolean[];
  readonly #answers: readonly (Answers | undefined)[];
  #devices: readonly Device[] = [];
  #over = false;

  constructor(
    scenario: Scenario,
    placement: ShardDevices,
    identity: RunIdentity,
    tally: Tally,
    requests: Requests,
    identityOf: (group: number) => GroupIdentity,
  ) {
    this.#scenario = scenario;
    this.#placement = placement;
    this.#identity = identity;
    this.#identityOf = identityOf;
    this.#requests = requests;
    this.#asks = scenario.groups.map(({ publish }) =>
      publish.some(({ response }) => response !== undefined),
    );
    this.#answers = scenario.groups.map(({ respond }) =>
      respond === undefined ? undefined : new Answers(respond, identity, tally),
    );
  }

  /** Some group asks or answers. */
  static isNeededBy({ groups }: Scenario): boolean {
    return groups.some(
      ({ respond, publish }) =>
        respond !== undefined || publish.some(({ response }) => response !== undefined),
    );
  }

  attach(devices: readonly Device[]): void {
    this.#devices = devices;
  }

  /** Requests without their answer, and answers that are not sent. */
  get open(): number {
    return this.#requests.open + this.#unsent;
  }

  get #unsent(): number {
    let unsent = 0;
    for (const answers of this.#answers) unsent += answers?.count ?? 0;
    return unsent;
  }

  tick(nowUs: number): void {
    this.#requests.tick(nowUs);
    if (this.#over) return;
    for (let group = 0; group < this.#answers.length; group++) {
      this.#answers[group]?.tick(nowUs, this.#devices);
    }
  }

  /** Nothing is answered any more. */
  stop(): void {
    this.#over = true;
  }

  received(device: number, bytes: Uint8Array, view: PublishView, nowUs: number): boolean {
    // A retained copy is nobody's request and nobody's answer of now.
    if (view.retain) return false;
    const group = this.#placement.group(device);
    if (this.#asks[group]) {
      const headerAt = this.#answerAt(device, group, bytes, view);
      if (headerAt !== NOTHING) {
        const sender = headerSender(bytes, headerAt);
        const own = this.#indexOf(device, group, sender) !== NOBODY;
        this.#requests.answered(own, sender, headerSequence(bytes, headerAt), nowUs);
        return true;
      }
    }
    if (!this.#over) this.#answers[group]?.take(device, this.#devices[device]!, bytes, view, nowUs);
    return false;
  }

  /**
   * Where the header of the request stands that this answers, or NOTHING: in the Correlation Data (MQTT 5, 4.10.1),
   * else at the front of the payload, marked by our own responders, or as it was sent where a service sends
   * the payload back to the topic for answers.
   */
  #answerAt(device: number, group: number, bytes: Uint8Array, view: PublishView): number {
    const { propertiesStart, propertiesEnd, payloadStart, payloadEnd } = view;
    const { run } = this.#identity;
    const dataAt = findProperty(bytes, propertiesStart, propertiesEnd, CORRELATION_DATA);
    if (dataAt >= 0) {
      const isOurs =
        bytes[dataAt] === 0 &&
        bytes[dataAt + 1] === HEADER_BYTES &&
        headerRun(bytes, dataAt + 2) === run &&
        findProperty(bytes, propertiesStart, propertiesEnd, RESPONSE_TOPIC) < 0;
      if (isOurs) return dataAt + 2;
    }
    if (payloadEnd - payloadStart < HEADER_BYTES) return NOTHING;
    const first = headerRun(bytes, payloadStart);
    if (first === answerMark(run)) return payloadStart;
    if (first !== run) return NOTHING;
    const index = this.#indexOf(device, group, headerSender(bytes, payloadStart));
    if (index === NOBODY) return NOTHING;
    const topic = Buffer.from(bytes.subarray(view.topicStart, view.topicEnd)).toString();
    return this.#isForAnswers(topic, group, index) ? payloadStart : NOTHING;
  }

  /** The device of this connection that sends requests as `sender`, by its index in the group, or NOBODY. */
  #indexOf(device: number, group: number, sender: number): number {
    const first = this.#placement.firstCarried(device);
    return this.#requests.indexOf(group, first, this.#placement.carried(device), sender);
  }

  #isForAnswers(topic: string, group: number, index: number): boolean {
    const values = this.#identityOf(group).valuesOf(index, 0);
    return this.#scenario.groups[group]!.publish.some(
      ({ response }) =>
        response !== undefined && compileTemplate(response.topic).render(values) === topic,
    );
  }
}
