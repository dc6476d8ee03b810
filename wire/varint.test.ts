import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  readVarint,
  VARINT_MAX,
  VARINT_TOO_LONG,
  VARINT_TRUNCATED,
  varintBytes,
  varintEnd,
  writeVarint,
} from './varint.js';

describe('variable byte integers', () => {
  it('take the bytes the specification says at each border (MQTT 5 table 1-1)', () => {
    const borders: [number, string][] = [
      [0, '00'],
      [127, '7f'],
      [128, '8001'],
      [16_383, 'ff7f'],
      [16_384, '808001'],
      [2_097_151, 'ffff7f'],
      [2_097_152, '80808001'],
      [VARINT_MAX, 'ffffff7f'],
    ];
    for (const [value, line] of borders) {
      const bytes = new Uint8Array(4);
      const end = writeVarint(bytes, 0, value);
      assert.equal(Buffer.from(bytes.subarray(0, end)).toString('hex'), line);
      assert.equal(readVarint(bytes, 0, end), value);
      assert.equal(varintEnd(bytes, 0), end);
      assert.equal(varintBytes(value), end);
    }
  });

  it('come back as they were written, anywhere in a buffer', () => {
    const value = fc.oneof(fc.nat(VARINT_MAX), fc.nat(20_000));
    fc.assert(
      fc.property(value, fc.nat(9), (number, at) => {
        const bytes = new Uint8Array(16).fill(0xff);
        const end = writeVarint(bytes, at, number);
        assert.equal(end - at, varintBytes(number));
        assert.equal(readVarint(bytes, at, bytes.length), number);
        assert.equal(varintEnd(bytes, at), end);
        for (let cut = at; cut < end; cut += 1) {
          assert.equal(readVarint(bytes, at, cut), VARINT_TRUNCATED);
        }
      }),
    );
  });

  it('end with the fourth byte', () => {
    assert.equal(readVarint(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f), 0, 5), VARINT_TOO_LONG);
    assert.equal(readVarint(Uint8Array.of(0x80, 0x80, 0x80, 0x80), 0, 4), VARINT_TOO_LONG);
    assert.equal(readVarint(Uint8Array.of(0x80, 0x80, 0x80), 0, 3), VARINT_TRUNCATED);
  });
});
