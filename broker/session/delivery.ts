import { type ProtocolVersion, publishBytes, type Qos, writePublishHead } from '../../wire/mod.js';
import { copy, type Message, type SharedGroup } from '../routing/mod.js';
import type { Outbox } from './outbox.js';

/** A message that waits for one client: queued, or in flight and to be sent again if the client comes back. */
export interface Delivery {
  readonly message: Message;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Subscription identifiers to send along. */
  readonly identifiers: readonly number[] | undefined;
  /** It came through this shared group, whose other members take it if this one leaves. */
  readonly group: SharedGroup | undefined;
}

const SUBSCRIPTION_IDENTIFIER = 0x0b;
const DUP = 8;
/** `send` found the packet larger than the client takes. */
export const TOO_LARGE = 0;

/**
 * Writes PUBLISH packets into outboxes. A message that fans out is encoded once for each form it takes
 * (version, QoS, retain) and then copied, with the packet identifier put in.
 */
export class FrameWriter {
  #frame: Uint8Array = new Uint8Array(1024);
  #frameBytes = 0;
  #idAt = 0;
  #owner: Message | undefined = undefined;
  #properties: Uint8Array = new Uint8Array(256);

  /**
   * Returns the bytes written, or TOO_LARGE and nothing is written [MQTT-3.1.2-24]. `packetId` is 0 with
   * QoS 0; `nowMs` is for the Message Expiry Interval, which shrinks while a message waits [MQTT-3.3.2-6].
   */
  send(
    outbox: Outbox,
    version: ProtocolVersion,
    maximumPacketSize: number,
    message: Message,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[] | undefined,
    nowMs: number,
  ): number {
    const flags = (dup ? DUP : 0) | (qos << 1) | (retain ? 1 : 0);
    const hasOwnProperties =
      version === 5 &&
      (identifiers !== undefined ||
        (message.expiryAt >= 0 && nowMs - message.receivedAtMs >= 1000));
    if (message.fanOut && !hasOwnProperties) {
      return this.#sendCopy(outbox, version, maximumPacketSize, message, flags, packetId);
    }
    let properties: Uint8Array | null = null;
    let start = message.propertiesStart;
    let end = message.propertiesEnd;
    if (hasOwnProperties) {
      end = this.#compose(message, identifiers, nowMs);
      start = 0;
      properties = this.#properties;
    } else if (version === 5 && end > start) properties = message.properties;
    const payloadBytes = message.payloadEnd - message.payloadStart;
    const bytes = publishBytes(
      message.topicEnd - message.topicStart,
      qos,
      properties === null ? 0 : end - start,
      payloadBytes,
      version,
    );
    if (bytes > maximumPacketSize) return TOO_LARGE;
    const at = outbox.reserve(bytes);
    const payloadAt = writePublishHead(
      outbox.buffer,
      at,
      flags,
      message.topic,
      message.topicStart,
      message.topicEnd,
      packetId,
      properties,
      start,
      end,
      payloadBytes,
      version,
    );
    copy(message.payload, message.payloadStart, message.payloadEnd, outbox.buffer, payloadAt);
    return bytes;
  }

  #sendCopy(
    outbox: Outbox,
    version: ProtocolVersion,
    maximumPacketSize: number,
    message: Message,
    flags: number,
    packetId: number,
  ): number {
    const key = flags | (version === 5 ? 0x20 : 0x10);
    if (this.#owner !== message || message.frameKey !== key) {
      this.#encode(version, message, flags);
      this.#owner = message;
      message.frameKey = key;
    }
    const bytes = this.#frameBytes;
    if (bytes > maximumPacketSize) return TOO_LARGE;
    const at = outbox.reserve(bytes);
    copy(this.#frame, 0, bytes, outbox.buffer, at);
    if (packetId !== 0) {
      outbox.buffer[at + this.#idAt] = packetId >>> 8;
      outbox.buffer[at + this.#idAt + 1] = packetId;
    }
    return bytes;
  }

  #encode(version: ProtocolVersion, message: Message, flags: number): void {
    const { topic, topicStart, topicEnd, propertiesStart, propertiesEnd } = message;
    const payloadBytes = message.payloadEnd - message.payloadStart;
    const hasProperties = version === 5 && propertiesEnd > propertiesStart;
    const bytes = publishBytes(
      topicEnd - topicStart,
      ((flags >> 1) & 3) as Qos,
      hasProperties ? propertiesEnd - propertiesStart : 0,
      payloadBytes,
      version,
    );
    if (this.#frame.length < bytes || this.#frame.length > 65_536) {
      this.#frame = new Uint8Array(Math.max(1024, bytes));
    }
    const payloadAt = writePublishHead(
      this.#frame,
      0,
      flags,
      topic,
      topicStart,
      topicEnd,
      0,
      hasProperties ? message.properties : null,
      propertiesStart,
      propertiesEnd,
      payloadBytes,
      version,
    );
    copy(message.payload, message.payloadStart, message.payloadEnd, this.#frame, payloadAt);
    this.#frameBytes = bytes;
    // Fixed header: one byte and the remaining length, one to four.
    let headerEnd = 1;
    while ((this.#frame[headerEnd] as number) >= 0x80) headerEnd++;
    this.#idAt = headerEnd + 1 + 2 + topicEnd - topicStart;
  }

  /** Subscription identifiers, then the publisher's properties; returns where they end in `#properties`. */
  #compose(message: Message, identifiers: readonly number[] | undefined, nowMs: number): number {
    const length = message.propertiesEnd - message.propertiesStart;
    const need = length + (identifiers?.length ?? 0) * 5;
    if (this.#properties.length < need) this.#properties = new Uint8Array(need);
    const into = this.#properties;
    let at = 0;
    for (const identifier of identifiers ?? []) {
      into[at++] = SUBSCRIPTION_IDENTIFIER;
      let rest = identifier;
      while (rest > 0x7f) {
        into[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      into[at++] = rest;
    }
    copy(message.properties, message.propertiesStart, message.propertiesEnd, into, at);
    if (message.expiryAt >= 0) {
      const seconds = Math.max(0, Math.ceil((message.expiresAtMs - nowMs) / 1000));
      const expiryAt = at + message.expiryAt - message.propertiesStart;
      into[expiryAt] = seconds >>> 24;
      into[expiryAt + 1] = seconds >>> 16;
      into[expiryAt + 2] = seconds >>> 8;
      into[expiryAt + 3] = seconds;
    }
    return at + length;
  }
}
