import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeMcast, encodeMcast, mcastKey, NONCE_BYTES } from './mcast-datagram.js';

const KEY = mcastKey('secret');
const name = fc.string({ unit: 'grapheme', maxLength: 40 });
const message = fc.record(
  {
    type: fc.constantFrom('ping' as const, 'pong' as const),
    nonce: fc
      .uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES })
      .map((bytes) => Buffer.from(bytes)),
    group: fc.ipV4(),
    cluster: name.filter((text) => Buffer.byteLength(text) <= 255),
    node: name.filter((text) => Buffer.byteLength(text) <= 255),
  },
  { noNullPrototype: true },
);

describe('multicast datagram', () => {
  it('comes back as it was, proven', () => {
    fc.assert(
      fc.property(message, (sent) => {
        assert.deepEqual(decodeMcast(encodeMcast(sent, KEY), KEY), { message: sent, proven: true });
      }),
    );
  });

  it('is not proven with another cookie', () => {
    fc.assert(
      fc.property(message, fc.string(), (sent, cookie) => {
        fc.pre(cookie !== 'secret');
        const decoded = decodeMcast(encodeMcast(sent, mcastKey(cookie)), KEY);
        assert.deepEqual(decoded, { message: sent, proven: false });
      }),
    );
  });

  it('is not proven, or none of ours, once a bit is flipped', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const bytes = encodeMcast(sent, KEY);
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        assert.notEqual(decodeMcast(bytes, KEY)?.proven, true);
      }),
    );
  });

  it('cut anywhere, or of any bytes, is none of ours', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const bytes = encodeMcast(sent, KEY);
        assert.notEqual(decodeMcast(bytes.subarray(0, at % bytes.length), KEY)?.proven, true);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(decodeMcast(Buffer.from(bytes), KEY), undefined);
      }),
    );
  });

  it('does not carry the cookie', () => {
    const names = { group: '239.192.0.1', cluster: 'c', node: 'n@h' };
    const sent = { type: 'ping', nonce: Buffer.alloc(8), ...names } as const;
    const bytes = encodeMcast(sent, mcastKey('cookie-in-clear'));
    assert.ok(!bytes.includes('cookie-in-clear'));
  });
});
