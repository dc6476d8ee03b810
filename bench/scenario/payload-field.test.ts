import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePayload, type PayloadValues } from './payload.js';
import { escapeFields } from './payload-field.js';
import { escapeTemplate } from './template.js';

const VALUES: PayloadValues = {
  run: 'abcd',
  group: 'g',
  number: 7,
  gateway: 7,
  clientId: 'c-7',
  username: 'u',
  message: 1,
  seed: 1,
  sender: 3,
  wallUs: 1_764_374_400_123_456,
};

function rendered(template: string, values: Partial<PayloadValues> = {}): string {
  const payload = compilePayload({ kind: 'template', template, header: false, randomBytes: 1 });
  const all = { ...VALUES, ...values };
  const bytes = Buffer.alloc(payload.sizeBytes(all));
  assert.equal(payload.fill(bytes, 0, all), bytes.length);
  if (payload.fixedBytes !== undefined) assert.equal(payload.fixedBytes, bytes.length);
  return bytes.toString();
}

test('each typed field is what its words say', () => {
  assert.match(rendered('{int:10..20}'), /^(1\d|20)$/);
  assert.match(rendered('{int:-5..-5}'), /^-5$/);
  assert.match(rendered('{float:-2..3:3}'), /^-?[0-3]\.\d{3}$/);
  assert.match(rendered('{choice:on|off|stand by}'), /^(on|off|stand by)$/);
  assert.match(rendered('{bool}'), /^(true|false)$/);
  assert.match(
    rendered('{uuid}'),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.match(rendered('{hex:5}'), /^[0-9a-f]{10}$/);
  assert.match(rendered('{base64:7}'), /^[A-Za-z0-9+/]{10}==$/);
  assert.equal(rendered('{time:ms} {time:s}'), '1764374400123 1764374400');
  assert.equal(rendered('{time:iso}'), '2025-11-29T00:00:00.123Z');
  assert.equal(rendered('{seq}', { message: 42 }), '42');
});

test('a template of JSON stays JSON, braces and all', () => {
  const text = rendered(
    '{"t":{float:18..25:1},"on":{bool},"id":"{uuid}","in":{"n":{int:0..9}},"c":"%c"}',
  );
  const value = JSON.parse(text) as { t: number; c: string };
  assert.ok(value.t >= 18 && value.t <= 25);
  assert.equal(value.c, 'c-7');
});

test('text that only looks like a field can be written', () => {
  for (const text of ['{int:0..1}', '%{seq}', '%%{uuid}', '100 % {hex:2}', 'a {b} {bool}']) {
    assert.equal(rendered(escapeFields(escapeTemplate(text))), text);
  }
  assert.equal(rendered('{integer} {int'), '{integer} {int');
});

test('a field depends on seed, sender, message and its place alone', () => {
  const template = '{int:0..999999999} {int:0..999999999} {hex:16}';
  const [first, second] = rendered(template).split(' ');
  assert.notEqual(first, second);
  assert.equal(rendered(template), rendered(template));
  for (const other of [{ message: 2 }, { sender: 4 }, { seed: 2 }]) {
    assert.notEqual(rendered(template), rendered(template, other));
  }
});

test('whole numbers reach both ends of their range and lie evenly in it', () => {
  const seen = new Map<string, number>();
  for (let message = 1; message <= 6000; message++) {
    const text = rendered('{int:-1..1}', { message });
    seen.set(text, (seen.get(text) ?? 0) + 1);
  }
  assert.deepEqual([...seen.keys()].toSorted(), ['-1', '0', '1']);
  for (const count of seen.values()) assert.ok(Math.abs(count - 2000) < 200, `${count}`);
});

test('whatever a template holds, its size is known before it is written', () => {
  const piece = fc.constantFrom(
    '{int:0..99999}',
    '{float:0..1}',
    '{uuid}',
    '{hex:3}',
    '{seq}',
    'é',
    '%s',
    '{bool}',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.integer({ min: 1, max: 1e6 }),
      (pieces, message) => {
        rendered(pieces.join(','), { message });
      },
    ),
  );
});
