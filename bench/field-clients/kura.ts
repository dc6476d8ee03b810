import { crc32, deflateRawSync } from 'node:zlib';
import type { ProtobufWriter } from './protobuf.js';

/**
 * Payloads of an Eclipse Kura gateway.
 *
 *     KuraPayload  timestamp 1 · metric 5000 (repeated) · body 5001
 *     KuraMetric   name 1 · type 2 · double 3 · float 4 · long 5 · int 6 · bool 7 · string 8 · bytes 9
 */
const [DOUBLE, INT64, STRING] = [0, 2, 5];

/** Bytes in front of the 16 of the body, when it is the first field: a tag of 3 bytes and the length. */
export const KURA_BODY_AT = 4;

/** What an asset measured. A body of 16 bytes comes first, for the measurement header, unless it is gzipped. */
export function writeKuraData(
  out: ProtobufWriter,
  metrics: number,
  message: number,
  nowMs: number,
  withBody: boolean,
): void {
  out.reset();
  if (withBody) out.hole(5001, 16);
  out.varintField(1, nowMs);
  for (let metric = 0; metric < metrics; metric++) {
    out.message(5000, () => {
      out.stringField(1, `channel-${metric + 1}`);
      out.varintField(2, DOUBLE);
      out.doubleField(3, 20 + metric + 5 * Math.sin((message + metric) / 10));
    });
  }
}

/** MQTT/BIRTH: who the gateway is; MQTT/DC is the same with what changes alone. */
export function writeKuraLife(
  out: ProtobufWriter,
  birth: boolean,
  displayName: string,
  uptimeMs: number,
  nowMs: number,
): void {
  out.reset();
  out.varintField(1, nowMs);
  const text = (name: string, value: string) =>
    out.message(5000, () => {
      out.stringField(1, name);
      out.varintField(2, STRING);
      out.stringField(8, value);
    });
  out.message(5000, () => {
    out.stringField(1, 'uptime');
    out.varintField(2, INT64);
    out.varintField(5, uptimeMs);
  });
  text('display_name', displayName);
  if (birth) for (const [name, value] of BIRTH_METRICS) text(name, value);
}

const BIRTH_METRICS = [
  ['model_name', 'fleetgauge'],
  ['model_id', 'fleetgauge'],
  ['part_number', '0'],
  ['serial_number', '0'],
  ['firmware_version', '5.0'],
  ['os', 'Linux'],
  ['os_version', '6.1'],
  ['os_arch', 'arm64'],
  ['java_vendor', 'none'],
  ['jvm_name', 'none'],
  ['jvm_version', '17'],
  ['available_processors', '4'],
  ['total_memory', '1048576'],
  ['application_ids', 'W1'],
  ['accept_encoding', 'gzip'],
  ['payload_encoding', 'kura-protobuf'],
  ['connection_interface', 'eth0'],
  ['connection_ip', '192.0.2.1'],
] as const;

/** RFC 1952: magic, deflate, no flags or FEXTRA, no time, no level, unknown system. */
const PLAIN_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** The extra field (§2.3.1.1): its length 20, a subfield 'FG' of 16 bytes, which decoders skip. */
const TIMED_HEAD = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 20, 0, 0x46, 0x47, 16, 0]);
/** Where the measurement header is in a gzipped payload: in the extra field, which is not compressed. */
export const GZIP_HEADER_AT = TIMED_HEAD.length;

/** @param timed leaves 16 bytes for the measurement header at `GZIP_HEADER_AT` */
export function gzip(bytes: Uint8Array, timed: boolean): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(bytes) >>> 0, 0);
  tail.writeUInt32LE(bytes.length, 4);
  const head = timed ? [TIMED_HEAD, Buffer.alloc(16)] : [PLAIN_HEAD];
  return Buffer.concat([...head, deflateRawSync(bytes), tail]);
}
