import { PacketType } from './packet-type.js';
import type { PublishProperties } from './properties.js';
import { writeProperties } from './property-write.js';
import { varintEnd } from './varint.js';
import { Writer } from './writer.js';

const writer = new Writer();

/** The property list of a PUBLISH without its length, as `writePublishHead` takes it. Throws MqttError for values that may not be. */
export function publishPropertyBytes(properties: PublishProperties): Uint8Array {
  writer.begin(5);
  const from = writer.at;
  writeProperties(writer, properties, PacketType.PUBLISH);
  return writer.scratch.slice(varintEnd(writer.scratch, from), writer.at);
}
