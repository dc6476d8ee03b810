import type { Packet, ProtocolVersion } from '../mod.js';

/** A packet in both forms. Bytes are written as `hex` reads them. */
export interface GoodEntry {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly hex: string;
  readonly packet: Packet;
  /** The statement or section it shows. */
  readonly clause: string;
  /** We read these bytes but write the packet in another form, shorter or without what an old version lacks. */
  readonly readOnly?: true;
}

/** Bytes that must be refused, and with which error. */
export interface BadEntry {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly hex: string;
  readonly code: string;
  readonly reasonCode: number;
  readonly clause: string;
}

/** `good('name', 4, '[MQTT-…]', 'hex', packet)`: a line of a table. */
export function good(
  name: string,
  version: ProtocolVersion,
  clause: string,
  hex: string,
  packet: Packet,
): GoodEntry {
  return { name, version, clause, hex, packet };
}

/** Like `good`, for bytes that only others write. */
export function readOnly(
  name: string,
  version: ProtocolVersion,
  clause: string,
  hex: string,
  packet: Packet,
): GoodEntry {
  return { name, version, clause, hex, packet, readOnly: true };
}

const REASON_OF_CODE: Readonly<Record<string, number>> = {
  MALFORMED_PACKET: 0x81,
  PROTOCOL_ERROR: 0x82,
  UNSUPPORTED_PROTOCOL_VERSION: 0x84,
  TOPIC_FILTER_INVALID: 0x8f,
  TOPIC_NAME_INVALID: 0x90,
  TOPIC_ALIAS_INVALID: 0x94,
  PACKET_TOO_LARGE: 0x95,
};

/** `bad('name', 5, 'MALFORMED_PACKET', '[MQTT-…]', 'hex')`: a line of a table of refusals. */
export function bad(
  name: string,
  version: ProtocolVersion,
  code: string,
  clause: string,
  hex: string,
): BadEntry {
  return { name, version, code, reasonCode: REASON_OF_CODE[code]!, clause, hex };
}
