import type { PayloadTemplate, PayloadValues } from '../scenario/payload.js';
import type { FieldPayload } from './behaviour.js';
import { GZIP_HEADER_AT, gzip, KURA_BODY_AT, writeKuraData } from './kura.js';
import { ProtobufWriter } from './protobuf.js';
import { BODY_AT, writeData } from './sparkplug.js';

/** Data messages of field clients. The measurement header lies in a field of theirs, not at the front. */
export class FieldPayloadTemplate implements PayloadTemplate {
  readonly headerBytes = 16;
  readonly headerAt: number;
  readonly fixedBytes = undefined;
  readonly isStatic = false;
  readonly isShared = false;
  readonly #spec: FieldPayload;
  readonly #out = new ProtobufWriter();
  /** The message that `sizeBytes` has made. */
  #message: Uint8Array = new Uint8Array(0);

  constructor(spec: FieldPayload) {
    this.#spec = spec;
    if (spec.kind === 'sparkplug') this.headerAt = BODY_AT;
    else this.headerAt = spec.gzip ? GZIP_HEADER_AT : KURA_BODY_AT;
  }

  sizeBytes({ wallUs, message, sessionSequence = 0 }: PayloadValues): number {
    const spec = this.#spec;
    const out = this.#out;
    const nowMs = Math.floor(wallUs / 1000);
    if (spec.kind === 'sparkplug') {
      const { member, metrics, changed } = spec;
      writeData(out, member, metrics, changed, message, sessionSequence, nowMs);
      this.#message = out.bytes.subarray(0, out.length);
    } else {
      writeKuraData(out, spec.metrics, message, nowMs, !spec.gzip);
      const plain = out.bytes.subarray(0, out.length);
      this.#message = spec.gzip ? gzip(plain, true) : plain;
    }
    return this.#message.length;
  }

  fill(target: Uint8Array, at: number, _values: PayloadValues): number {
    target.set(this.#message, at);
    return at + this.#message.length;
  }
}
