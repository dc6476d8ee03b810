import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTemplate, GroupIdentity, parseScenario } from '../scenario/mod.js';
import { TopicWriter } from './topic-writer.js';

function groupOf(startNumber: number, devicesPerConnection: number) {
  const scenario = parseScenario(
    `name: t
groups:
  - { name: wärme, count: 1m, devicesPerConnection: ${devicesPerConnection}, startNumber: ${startNumber},
      clientId: 'gw/%i-%u', username: 'u{gateway}' }
phases: [{ name: ramp, kind: ramp }]
`,
    'test.yaml',
  );
  return scenario.groups[0]!;
}

test('a written topic is the rendered one, for any device and placeholders', () => {
  const piece = fc.constantFrom('%i', '%c', '%u', '%g', '{gateway}', '{run}', '/', 'ä', '7', '%%');
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 8 }),
      fc.nat(12),
      fc.constantFrom(2, 50),
      fc.array(fc.nat(999_999), { minLength: 1, maxLength: 5 }),
      (pieces, startNumber, each, indices) => {
        const group = groupOf(startNumber, each);
        const topic = compileTemplate(pieces.join(''));
        const writer = TopicWriter.of(topic, group, 'beef')!;
        const identity = new GroupIdentity(group, 'beef', 1);
        for (const index of indices) {
          const written = Buffer.from(writer.bytes.subarray(0, writer.write(index))).toString();
          assert.equal(written, topic.render(identity.valuesOf(index, 0)));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a topic that changes from message to message is not written so', () => {
  const group = groupOf(0, 50);
  for (const topic of ['a/%s', 'a/%rand_9']) {
    assert.equal(TopicWriter.of(compileTemplate(topic), group, 'beef'), undefined);
  }
});
