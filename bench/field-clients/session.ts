import { compileTemplate, type TemplateValues } from '../scenario/template.js';
import { type Behaviour, deviceName, sparkplugTopic } from './behaviour.js';
import { gzip, writeKuraLife } from './kura.js';
import { ProtobufWriter } from './protobuf.js';
import { writeDeviceBirth, writeNodeBirth, writeNodeDeath } from './sparkplug.js';

/** A message of a client's life rather than of its data. */
export interface Certificate {
  topic: string;
  payload: Uint8Array;
  qos: 0 | 1;
}

/**
 * What the clients of one group with a behaviour say of themselves when they come and go, and the two counters
 * that Sparkplug asks for: `bdSeq` grows with each connection, `seq` with each message of a node and its devices
 * since its NBIRTH, both from 0 to 255 and round again.
 */
export class FieldSession {
  readonly birthCount: number;
  readonly #behaviour: Behaviour;
  readonly #valuesOf: (index: number) => TemplateValues;
  readonly #wallMs: () => number;
  readonly #out = new ProtobufWriter();
  readonly #bdSeq: Uint8Array;
  readonly #sequence: Uint8Array;
  readonly #bornAtMs: Float64Array;

  /** @param valuesOf of a device, by its index in the group */
  constructor(
    behaviour: Behaviour,
    count: number,
    valuesOf: (index: number) => TemplateValues,
    wallMs: () => number,
  ) {
    this.#behaviour = behaviour;
    this.#valuesOf = valuesOf;
    this.#wallMs = wallMs;
    this.birthCount = behaviour.kind === 'sparkplug' ? 1 + behaviour.devices : 1;
    this.#bdSeq = new Uint8Array(count).fill(255);
    this.#sequence = new Uint8Array(count);
    this.#bornAtMs = new Float64Array(count);
  }

  /** Before each CONNECT: the will that it carries has a new `bdSeq`. */
  connecting(index: number): void {
    this.#bdSeq[index] = this.#bdSeq[index]! + 1;
  }

  /** `seq` of the next message. */
  sequence(index: number): number {
    return this.#sequence[index]!;
  }

  /** A message with that `seq` was sent. */
  sent(index: number): void {
    this.#sequence[index] = this.#sequence[index]! + 1;
  }

  /** Payload of the will. */
  will(index: number): Uint8Array {
    if (this.#behaviour.kind === 'kura') return new Uint8Array(0);
    writeNodeDeath(this.#out, this.#bdSeq[index]!, this.#nowMs());
    return this.#written();
  }

  /** Birth `k` of `birthCount`, to be sent in this order before any data. The first begins `seq` anew. */
  birth(index: number, k: number): Certificate {
    const behaviour = this.#behaviour;
    const nowMs = this.#nowMs();
    if (k === 0) this.#bornAtMs[index] = nowMs;
    if (behaviour.kind === 'kura') return this.#kuraLife(index, true, nowMs);
    const { group, metrics } = behaviour;
    const topic = sparkplugTopic(group);
    if (k === 0) {
      this.#sequence[index] = 0;
      writeNodeBirth(this.#out, this.#bdSeq[index]!, metrics, nowMs);
      return { topic: this.#topic(topic('NBIRTH'), index), payload: this.#written(), qos: 0 };
    }
    writeDeviceBirth(this.#out, k, metrics, this.#sequence[index]!, nowMs);
    const name = `${topic('DBIRTH')}/${deviceName(k)}`;
    return { topic: this.#topic(name, index), payload: this.#written(), qos: 0 };
  }

  /** What is said just before an orderly DISCONNECT, upon which no will is published. */
  farewell(index: number): Certificate {
    const behaviour = this.#behaviour;
    if (behaviour.kind === 'kura') return this.#kuraLife(index, false, this.#nowMs());
    const topic = this.#topic(sparkplugTopic(behaviour.group)('NDEATH'), index);
    return { topic, payload: this.will(index), qos: 0 };
  }

  #kuraLife(index: number, birth: boolean, nowMs: number): Certificate {
    const { account, gzip: zipped } = this.#behaviour as Extract<Behaviour, { kind: 'kura' }>;
    const { clientId } = this.#valuesOf(index);
    writeKuraLife(this.#out, birth, clientId, nowMs - this.#bornAtMs[index]!, nowMs);
    const plain = this.#written();
    const topic = this.#topic(`$EDC/${account}/%c/MQTT/${birth ? 'BIRTH' : 'DC'}`, index);
    return { topic, payload: zipped ? gzip(plain, false) : plain, qos: birth ? 1 : 0 };
  }

  #topic(source: string, index: number): string {
    return compileTemplate(source).render(this.#valuesOf(index));
  }

  #nowMs(): number {
    return Math.floor(this.#wallMs());
  }

  #written(): Buffer {
    return Buffer.from(this.#out.bytes.subarray(0, this.#out.length));
  }
}
