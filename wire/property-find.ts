import { PROPERTIES, PropertyKind } from './properties.js';
import { varintEnd } from './varint.js';

/** How the value of the property with this identifier is written; identifiers are below 0x30. */
const KIND_BY_ID = new Uint8Array(0x30);
for (const { id, kind } of PROPERTIES) KIND_BY_ID[id] = kind;

/**
 * Where the value of the first property with this identifier begins in a property list `bytes[start..end)` that
 * was found good, or -1. Of a string or binary data that is where its two-byte length stands.
 */
export function findProperty(bytes: Uint8Array, start: number, end: number, id: number): number {
  let at = start;
  while (at < end) {
    const here = bytes[at]!;
    at += 1;
    if (here === id) return at;
    at = behindValue(bytes, at, KIND_BY_ID[here]!);
  }
  return -1;
}

function behindValue(bytes: Uint8Array, at: number, kind: number): number {
  switch (kind) {
    case PropertyKind.U16:
      return at + 2;
    case PropertyKind.U32:
      return at + 4;
    case PropertyKind.VARINT:
      return varintEnd(bytes, at);
    case PropertyKind.STRING:
    case PropertyKind.BINARY:
      return behindText(bytes, at);
    case PropertyKind.PAIR:
      return behindText(bytes, behindText(bytes, at));
    default:
      return at + 1;
  }
}

function behindText(bytes: Uint8Array, at: number): number {
  return at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
}

export const RESPONSE_TOPIC = 0x08;
export const CORRELATION_DATA = 0x09;
