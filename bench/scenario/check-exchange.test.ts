import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerTopic } from './answer-topic.js';
import { checkScenario } from './check.js';
import { scenarioSchema } from './schema.js';

const errors = (group: object) =>
  checkScenario(
    scenarioSchema.parse({
      name: 'checked',
      groups: [{ name: 'a', count: 10, ...group }],
      phases: [{ name: 'ramp', kind: 'ramp' }],
    }),
  ).errors.map(({ path, text }) => `${path.join('.')}: ${text}`);

test('requests that cannot be answered, and answers that cannot be known, are errors', () => {
  const ask = (response: object, stream: object = {}) => ({
    publish: [{ topic: 'q/%i', response, ...stream }],
  });
  const answer = (respond: object) => ({ subscribe: [{ filter: 'q/+' }], respond });
  const table: [group: object, expected: RegExp | undefined][] = [
    [ask({ topic: 'r/%i' }), undefined],
    [ask({ topic: 'r' }), /response.topic: %i or %c in it/],
    [ask({ topic: 'r/+/%i' }), /response.topic: a valid topic/],
    [ask({ topic: 'r/%i' }, { properties: { responseTopic: 'x' } }), /no responseTopic beside/],
    [{ protocol: 4, ...ask({ topic: 'r/%i' }) }, undefined],
    [{ protocol: 4, ...ask({ topic: 'r/%i' }, { payload: { bytes: 8 } }) }, /measurement header/],
    [answer({}), undefined],
    [{ respond: {} }, /respond: subscriptions in the group/],
    [{ protocol: 4, ...answer({}) }, /respond: a topic in it, such as reply/],
    [{ protocol: 4, ...answer({ topic: 'r/{2}' }) }, undefined],
    [answer({ topic: 'r/{2}', bytes: 8 }), /respond.bytes: 16 bytes or more beside a topic/],
    [answer({ topic: 'r/#' }), /respond.topic: a topic, with/],
  ];
  for (const [group, expected] of table) {
    const [first, ...others] = errors(group);
    if (expected === undefined) assert.equal(first, undefined);
    else assert.match(first ?? 'no error', expected);
    assert.deepEqual(others, []);
  }
});

test('an answer goes to levels of its request’s topic', () => {
  const write = (source: string, topic: string) => {
    const into = new Uint8Array(100);
    const bytes = Buffer.from(`xx${topic}yy`);
    const end = new AnswerTopic(source).write(into, 3, bytes, 2, bytes.length - 2);
    return end < 0 ? undefined : Buffer.from(into.subarray(3, end)).toString();
  };
  assert.equal(write('reply/{2}', 'request/7'), 'reply/7');
  assert.equal(write('{3}/{1}/x', 'a/b/c/d'), 'c/a/x');
  assert.equal(write('{2}', 'a//c'), '');
  assert.equal(write('{4}', 'a/b/c'), undefined);
});
