import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePayload, type PayloadTemplate, type PayloadValues } from './payload.js';
import type { Payload } from './schema.js';

const VALUES: PayloadValues = {
  run: 'beef',
  group: 'sensors',
  number: 7,
  gateway: 7,
  clientId: 'gerät-7',
  username: 'u7',
  message: 12,
  seed: 1,
  sender: 3,
  wallUs: 1_795_305_600_123_456,
};

const MARK = 0xee;

/** Fills a buffer that has room before and behind, and checks that nothing else is written. */
function fill(payload: PayloadTemplate, values: PayloadValues): Uint8Array {
  const bytes = payload.sizeBytes(values);
  const target = new Uint8Array(bytes + 10).fill(MARK);
  assert.equal(payload.fill(target, 5, values), 5 + bytes);
  const outside = [...target.subarray(0, 5 + payload.headerBytes), ...target.subarray(5 + bytes)];
  assert.ok(outside.every((byte) => byte === MARK));
  return target.subarray(5 + payload.headerBytes, 5 + bytes);
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const template = (text: string): Payload => ({
  kind: 'template',
  template: text,
  header: false,
  randomBytes: 32,
});

test('filler keeps room for the header from 16 bytes on', () => {
  for (const bytes of [0, 1, 15, 16, 17, 64, 256]) {
    const payload = compilePayload({ kind: 'filler', bytes });
    assert.equal(payload.headerBytes, bytes >= 16 ? 16 : 0);
    assert.equal(payload.fixedBytes, bytes);
    assert.ok(payload.isStatic && payload.isShared);
    const body = fill(payload, VALUES);
    assert.equal(textOf(body), 'a'.repeat(bytes >= 16 ? bytes - 16 : bytes));
  }
});

test('text is sent as it is, with a header in front if asked for', () => {
  const plain = compilePayload({ kind: 'text', text: '%i ä', header: false });
  assert.equal(plain.fixedBytes, 5);
  assert.equal(textOf(fill(plain, VALUES)), '%i ä');
  const headed = compilePayload({ kind: 'text', text: 'x', header: true });
  assert.equal(headed.headerBytes, 16);
  assert.equal(headed.fixedBytes, 17);
  assert.equal(textOf(fill(headed, VALUES)), 'x');
});

test("a template knows emqtt-bench's variables and ours, every time they occur", () => {
  const table = [
    ['%TIMESTAMP%', '1795305600123'],
    ['%TIMESTAMPMS%', '1795305600123'],
    ['%TIMESTAMPUS%', '1795305600123456'],
    ['%TIMESTAMPNS%', '1795305600123456000'],
    ['%UNIQUE%', '30000000012'],
    ['{"id":"%c","n":%s,"t":%TIMESTAMP%}', '{"id":"gerät-7","n":12,"t":1795305600123}'],
    ['%i%TIMESTAMP%%u%TIMESTAMP%', '71795305600123u71795305600123'],
    ['100%%', '100%'],
    ['%TIME% äö', '%TIME% äö'],
  ] as const;
  for (const [text, expected] of table) {
    assert.equal(textOf(fill(compilePayload(template(text)), VALUES)), expected, text);
  }
});

test('a template without variables has a fixed size', () => {
  const payload = compilePayload({ ...template('grün'), header: true } as Payload);
  assert.equal(payload.fixedBytes, 16 + 5);
  assert.ok(payload.isStatic && payload.isShared);
  const moving = compilePayload(template('%TIMESTAMP%'));
  assert.equal(moving.fixedBytes, undefined);
  assert.ok(!moving.isStatic);
  assert.ok(compilePayload(template('%c')).isStatic);
  assert.ok(!compilePayload(template('%c')).isShared);
});

test('%RANDOM% is so many random bytes, new for each message, reproducible', () => {
  const payload = compilePayload({ ...template('<%RANDOM%>'), randomBytes: 4096 } as Payload);
  const bytes = fill(payload, VALUES);
  assert.equal(bytes.length, 4098);
  assert.deepEqual(fill(payload, VALUES), bytes);
  assert.notDeepEqual(fill(payload, { ...VALUES, message: 13 }), bytes);
  const mean = bytes.subarray(1, 4097).reduce((sum, byte) => sum + byte, 0) / 4096;
  assert.ok(Math.abs(mean - 127.5) < (4 * 73.9) / 64, `${mean}`);
  assert.ok(new Set(bytes).size > 250);
});

test('the size is the one that is written, for any template and any values', () => {
  const piece = fc.oneof(
    fc.constantFrom('%i', '%c', '%u', '%s', '%UNIQUE%', '%RANDOM%', '%TIMESTAMPUS%', '%', '%%'),
    fc.string({ unit: 'grapheme' }),
  );
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.boolean(),
      fc.string({ unit: 'grapheme' }),
      fc.nat(),
      (pieces, header, clientId, message) => {
        const payload = compilePayload({ ...template(pieces.join('')), header } as Payload);
        fill(payload, { ...VALUES, clientId, message });
      },
    ),
  );
});

test('headers of emqtt-bench stand in front: its counter from 0, ms since 1970, then the measurement header', () => {
  const payload = compilePayload({ kind: 'filler', bytes: 40, benchHeaders: ['cnt64', 'ts'] });
  assert.deepEqual([payload.fixedBytes, payload.headerAt, payload.headerBytes], [40, 16, 16]);
  const target = Buffer.alloc(44, MARK);
  assert.equal(payload.fill(target, 2, VALUES), 42);
  assert.equal(target.readBigUInt64BE(2), 11n);
  assert.equal(target.readBigUInt64BE(10), 1_795_305_600_123n);
  assert.ok(target.subarray(18, 34).every((byte) => byte === MARK));
  assert.equal(target.subarray(34, 42).toString(), 'aaaaaaaa');
  const text = compilePayload({ kind: 'text', text: 'on', header: false, benchHeaders: ['ts'] });
  const whole = Buffer.alloc(10);
  assert.equal(text.fill(whole, 0, VALUES), 10);
  assert.deepEqual(
    [whole.readBigUInt64BE(0), whole.subarray(8).toString()],
    [1_795_305_600_123n, 'on'],
  );
  assert.equal(compilePayload({ kind: 'filler', bytes: 20, benchHeaders: ['ts'] }).headerBytes, 0);
});
