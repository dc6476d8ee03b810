import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Packet, type ProtocolVersion } from './mod.js';
import { packetArbitrary } from './testing/arbitrary.js';
import { varintEnd } from './varint.js';

function decodeOne(bytes: Uint8Array, version: ProtocolVersion): Packet {
  return decode(bytes, 0, varintEnd(bytes, 1), bytes.length, version);
}

describe('encode and decode', () => {
  for (const version of [3, 4, 5] as const) {
    it(`give back every packet of version ${version}`, () => {
      fc.assert(
        fc.property(packetArbitrary(version), (packet) => {
          assert.deepEqual(decodeOne(encode(packet, version), version), packet);
        }),
        { numRuns: 3000 },
      );
    });
  }

  it('leave out of an MQTT 5 packet what MQTT 3.1.1 has no place for', () => {
    fc.assert(
      fc.property(packetArbitrary(5), (packet) => {
        // These cannot be said in 3.1.1 at all.
        fc.pre(packet.type !== 'auth' && packet.type !== 'connect');
        fc.pre(packet.type !== 'connack' && packet.type !== 'suback');
        fc.pre(!(packet.type === 'publish' && packet.topic === ''));
        const decoded = decodeOne(encode(packet, 4), 4);
        assert.equal(decoded.type, packet.type);
        assert.ok(!('properties' in decoded));
      }),
    );
  });

  it('encode a packet into bytes of its own, which the next packet does not touch', () => {
    fc.assert(
      fc.property(packetArbitrary(5), packetArbitrary(5), (first, second) => {
        const bytes = encode(first, 5);
        const before = Buffer.from(bytes);
        encode(second, 5);
        assert.ok(before.equals(bytes));
      }),
      { numRuns: 300 },
    );
  });
});
