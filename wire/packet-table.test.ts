import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decode,
  encode,
  Framer,
  MqttError,
  type Packet,
  PROPERTIES,
  type ProtocolVersion,
  PublishView,
  REASON_CODES,
  readPublish,
} from './mod.js';
import { BAD_PACKETS, GOOD_PACKETS, hex } from './testing/mod.js';

const MAXIMUM_BYTES = 268_435_460;

/** Frames and decodes bytes that hold whole packets. */
function decodeAll(bytes: Uint8Array, version: ProtocolVersion): Packet[] {
  const packets: Packet[] = [];
  const framer = new Framer(MAXIMUM_BYTES);
  framer.version = version;
  framer.push(bytes, bytes.length, {
    frame(from, start, bodyStart, end) {
      packets.push(decode(from, start, bodyStart, end, version));
      return true;
    },
  });
  assert.equal(framer.heldBytes, 0, 'the bytes are whole packets');
  return packets;
}

describe('every packet of the table', () => {
  for (const { name, version, clause, hex: line, packet } of GOOD_PACKETS) {
    it(`${name} (${version}) decodes, ${clause}`, () => {
      assert.deepEqual(decodeAll(hex(line), version), [packet]);
    });
  }

  for (const { name, version, clause, hex: line, packet, readOnly } of GOOD_PACKETS) {
    if (readOnly) continue;
    it(`${name} (${version}) encodes, ${clause}`, () => {
      assert.equal(
        Buffer.from(encode(packet, version)).toString('hex'),
        Buffer.from(hex(line)).toString('hex'),
      );
    });
  }

  it('decodes from a plain array and from a Buffer to the same packet', () => {
    for (const { version, hex: line, packet } of GOOD_PACKETS) {
      assert.deepEqual(decodeAll(Buffer.from(hex(line)), version), [packet]);
    }
  });

  it('needs no version to decode CONNECT, which says its own', () => {
    for (const { hex: line, packet } of GOOD_PACKETS) {
      if (packet.type !== 'connect') continue;
      for (const version of [3, 4, 5] as const) {
        assert.deepEqual(decodeAll(hex(line), version), [packet]);
      }
    }
  });

  it('owns its bytes: what comes into the buffer afterwards does not change it', () => {
    for (const { version, hex: line, packet } of GOOD_PACKETS) {
      const bytes = hex(line);
      const decoded = decodeAll(bytes, version);
      bytes.fill(0xff);
      assert.deepEqual(decoded, [packet]);
    }
  });
});

describe('the table leaves nothing out', () => {
  const types = [
    ...['connect', 'connack', 'publish', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'subscribe'],
    ...['suback', 'unsubscribe', 'unsuback', 'pingreq', 'pingresp', 'disconnect', 'auth'],
  ];
  it('has every packet type in every version that has it', () => {
    for (const version of [3, 4, 5]) {
      const seen = new Set<string>(
        GOOD_PACKETS.filter((entry) => entry.version === version).map(({ packet }) => packet.type),
      );
      const wanted = types.filter((type) => type !== 'auth' || version === 5);
      assert.deepEqual([...seen].sort(), [...wanted].sort());
    }
  });

  it('has every property in every packet that may carry it', () => {
    const seen = new Set<string>();
    for (const { packet } of GOOD_PACKETS) {
      const place = types.indexOf(packet.type) + 1;
      const own = 'properties' in packet ? packet.properties : undefined;
      for (const name of Object.keys(own ?? {})) seen.add(`${name} in ${place}`);
      const will = packet.type === 'connect' ? packet.will?.properties : undefined;
      for (const name of Object.keys(will ?? {})) seen.add(`${name} in 0`);
    }
    const wanted = PROPERTIES.flatMap(({ name, packets }) => packets.map((p) => `${name} in ${p}`));
    assert.deepEqual([...seen].sort(), wanted.sort());
  });
});

describe('reason codes', () => {
  it('are accepted in the packets they belong to and refused in all others', () => {
    const samples: [number, (code: number) => string][] = [
      [2, (code) => `20 03 00 ${byte(code)} 00`],
      [4, (code) => `40 03 0001 ${byte(code)}`],
      [5, (code) => `50 03 0001 ${byte(code)}`],
      [6, (code) => `62 03 0001 ${byte(code)}`],
      [7, (code) => `70 03 0001 ${byte(code)}`],
      [9, (code) => `90 04 0001 00 ${byte(code)}`],
      [11, (code) => `b0 04 0001 00 ${byte(code)}`],
      [14, (code) => `e0 01 ${byte(code)}`],
      [15, (code) => `f0 06 ${byte(code)} 04 15 0001 "M"`],
    ];
    for (const [type, lineOf] of samples) {
      for (let code = 0; code < 256; code += 1) {
        const allowed = REASON_CODES.some(
          (entry) => entry.byte === code && entry.packets.some((packet) => packet === type),
        );
        const decodes = () => decodeAll(hex(lineOf(code)), 5);
        if (allowed) assert.equal(decodes().length, 1);
        else assert.throws(decodes, { code: 'PROTOCOL_ERROR', reasonCode: 0x82 });
      }
    }
  });

  function byte(code: number): string {
    return code.toString(16).padStart(2, '0');
  }
});

describe('every refusal of the table', () => {
  for (const { name, version, hex: line, code, reasonCode, clause } of BAD_PACKETS) {
    it(`${name} (${version}): ${code} ${clause}`, () => {
      assert.throws(
        () => decodeAll(hex(line), version),
        (error) => {
          assert.ok(error instanceof MqttError, String(error));
          const { code: gotCode, reasonCode: gotReason, clause: gotClause } = error;
          assert.deepEqual([gotCode, gotReason, gotClause], [code, reasonCode, clause]);
          assert.ok(error.message.endsWith(clause), error.message);
          assert.ok(!error.message.includes('\n'));
          return true;
        },
      );
    });
  }

  it('is the same when decode or readPublish is called without a framer', () => {
    for (const { name, version, hex: line, clause } of BAD_PACKETS) {
      const bytes = hex(line);
      const bodyStart = 1 + bytes.subarray(1).findIndex((value) => value < 0x80) + 1;
      if (bodyStart > 5) continue; // the remaining length itself is bad, which only a framer sees
      assert.throws(
        () => decode(bytes, 0, bodyStart, bytes.length, version),
        { name: 'MqttError', clause },
        name,
      );
      if (bytes[0]! >> 4 !== 3) continue;
      assert.throws(
        () => readPublish(bytes, 0, bodyStart, bytes.length, version, new PublishView()),
        { name: 'MqttError', clause },
        name,
      );
    }
  });
});
