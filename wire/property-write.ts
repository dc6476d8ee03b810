import { PROPERTIES, type Properties, PropertyKind } from './properties.js';
import { checkProperties } from './property-check.js';
import type { Writer } from './writer.js';

/**
 * Writes a property list with its length, in the order of the specification's table. What may not stand in
 * `packetType`, or not with that value, throws MqttError just as it would when received.
 */
export function writeProperties(
  writer: Writer,
  properties: Properties | undefined,
  packetType: number,
): void {
  const open = writer.openLength();
  if (properties !== undefined) {
    for (const { id, name, kind } of PROPERTIES) {
      const value = properties[name];
      if (value !== undefined) writeProperty(writer, id, name, kind, value);
    }
  }
  const start = writer.closeLength(open);
  checkProperties(writer.scratch, start, writer.at, packetType);
}

type Value = NonNullable<Properties[keyof Properties]>;

/** `kind` and the type of `value` agree by the table of properties. */
function writeProperty(
  writer: Writer,
  id: number,
  name: string,
  kind: PropertyKind,
  value: Value,
): void {
  if (kind === PropertyKind.VARINT) {
    for (const one of value as number[]) {
      writer.u8(id);
      writer.varint(one, name);
    }
    return;
  }
  if (kind === PropertyKind.PAIR) {
    for (const [key, text] of value as [string, string][]) {
      writer.u8(id);
      writer.string(key, name);
      writer.string(text, name);
    }
    return;
  }
  writer.u8(id);
  switch (kind) {
    case PropertyKind.BIT:
    case PropertyKind.BOOLEAN:
      writer.u8(Number(value));
      break;
    case PropertyKind.U16:
      writer.u16(value as number, name);
      break;
    case PropertyKind.U32:
      writer.u32(value as number, name);
      break;
    case PropertyKind.STRING:
      writer.string(value as string, name);
      break;
    case PropertyKind.BINARY:
      writer.binary(value as Uint8Array, name);
      break;
  }
}
