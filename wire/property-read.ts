import { copyOf } from './copy.js';
import { PROPERTIES, type Properties, PropertyKind } from './properties.js';
import { utf8String } from './utf8.js';
import { readVarint, varintEnd } from './varint.js';

const BY_ID = new Map(PROPERTIES.map((property) => [property.id, property]));

/** The properties in `bytes[start..end)`, which `checkProperties` has found good. */
export function readProperties(bytes: Uint8Array, start: number, end: number): Properties {
  const properties: Properties = {};
  let at = start;
  while (at < end) {
    const { name, kind } = BY_ID.get(bytes[at]!)!;
    at += 1;
    switch (kind) {
      case PropertyKind.BIT:
        assign(properties, name, bytes[at]!);
        at += 1;
        break;
      case PropertyKind.BOOLEAN:
        assign(properties, name, bytes[at] === 1);
        at += 1;
        break;
      case PropertyKind.U16:
        assign(properties, name, u16(bytes, at));
        at += 2;
        break;
      case PropertyKind.U32:
        assign(properties, name, u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2));
        at += 4;
        break;
      case PropertyKind.VARINT:
        properties.subscriptionIdentifiers ??= [];
        properties.subscriptionIdentifiers.push(readVarint(bytes, at, end));
        at = varintEnd(bytes, at);
        break;
      case PropertyKind.STRING: {
        const next = at + 2 + u16(bytes, at);
        assign(properties, name, utf8String(bytes, at + 2, next));
        at = next;
        break;
      }
      case PropertyKind.BINARY: {
        const next = at + 2 + u16(bytes, at);
        assign(properties, name, copyOf(bytes, at + 2, next));
        at = next;
        break;
      }
      case PropertyKind.PAIR: {
        const middle = at + 2 + u16(bytes, at);
        const next = middle + 2 + u16(bytes, middle);
        properties.userProperties ??= [];
        properties.userProperties.push([
          utf8String(bytes, at + 2, middle),
          utf8String(bytes, middle + 2, next),
        ]);
        at = next;
        break;
      }
    }
  }
  return properties;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Name and kind come from one line of the table, which the compiler cannot follow. */
function assign(properties: Properties, name: string, value: unknown): void {
  (properties as Record<string, unknown>)[name] = value;
}
