import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Peaks, statsOf } from './stats.js';
import { publishSystemTopics, uptimeText } from './system-topics.js';
import { SimulatedNode } from './testing/simulation.js';

it('a node says in $SYS who it is, what it holds and what it has counted', () => {
  const simulated = new SimulatedNode();
  const early = simulated.connected('early');
  early.subscribe('$SYS/#');
  const identity = { nodeName: 'n@h', version: '1.2.3', startedAtMs: simulated.nowMs - 90_061_000 };
  const { node } = simulated;
  const say = (): void =>
    publishSystemTopics(
      node.router,
      identity,
      statsOf(node, new Peaks()),
      simulated.nowMs,
      new Date(0),
    );
  say();
  simulated.settle();
  const said = new Map(
    early.take('publish').map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]),
  );
  assert.equal(said.get('$SYS/brokers'), 'n@h');
  assert.equal(said.get('$SYS/brokers/n@h/version'), '1.2.3');
  assert.equal(said.get('$SYS/brokers/n@h/uptime'), '1 days, 1 hours, 1 minutes, 1 seconds');
  assert.equal(said.get('$SYS/brokers/n@h/datetime'), '1970-01-01T00:00:00.000Z');
  assert.equal(said.get('$SYS/brokers/n@h/stats/connections.count'), '1');
  assert.equal(said.get('$SYS/brokers/n@h/metrics/messages/received'), '0');
  const late = simulated.connected('late');
  late.subscribe('$SYS/#');
  assert.deepEqual(
    late
      .take('publish')
      .map(({ topic }) => topic)
      .sort(),
    ['$SYS/brokers', '$SYS/brokers/n@h/sysdescr', '$SYS/brokers/n@h/version'],
  );
  assert.equal(
    statsOf(node, new Peaks()).counters['messages.dropped'],
    0,
    'and does not count it as lost',
  );
});

it('an uptime begins with its largest part', () => {
  assert.deepEqual([0, 59_999, 60_000, 3_600_000].map(uptimeText), [
    '0 seconds',
    '59 seconds',
    '1 minutes, 0 seconds',
    '1 hours, 0 minutes, 0 seconds',
  ]);
});
