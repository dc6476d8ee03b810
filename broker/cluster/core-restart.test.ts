import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EmbeddedStore } from '../../store/mod.js';
import { TestCluster, until } from '../testing/test-cluster.js';
import { freePort } from './discovery/testing/free-port.js';
import { LEASE_MS } from './leases.js';

it('a core that starts again empty: what its last start had is gone, what others have stays', async () => {
  const cluster = new TestCluster();
  try {
    const linkPort = await freePort();
    const first = await cluster.add('core', 'core', { linkPort });
    const one = await cluster.add('one', 'replicant');
    const two = await cluster.add('two', 'replicant');
    const old = await cluster.client(first);
    await old.mqtt.subscribeAsync('core', { qos: 1 });
    const { mqtt } = await cluster.client(two);
    await mqtt.subscribeAsync('two', { qos: 1 });
    await cluster.settled();
    const routes = (): string[] =>
      [...one.cluster!.replica.routes()].map(({ filter }) => filter).sort();
    assert.deepEqual(routes(), ['core', 'two']);
    const seen = new Set<string>();
    const look = setInterval(() => seen.add(routes().join()), 1);
    try {
      await old.mqtt.endAsync(true);
      await first.close(100);
      cluster.nodes.shift();
      await cluster.add('core', 'core', { linkPort }, {}, new EmbeddedStore());
      await until(() => cluster.nodes.every(({ cluster: part }) => part!.alarms.length === 0));
      await cluster.settled();
    } finally {
      clearInterval(look);
    }
    assert.deepEqual(routes(), ['two']);
    assert.ok(
      [...seen].every((text) => text.includes('two')),
      [...seen].join(' | '),
    );
  } finally {
    await cluster.close();
  }
});

it('what a subscriber gave up while the core was away is gone as soon as its node has entered again', async () => {
  const cluster = new TestCluster();
  try {
    const linkPort = await freePort();
    const first = await cluster.add('core', 'core', { linkPort });
    const one = await cluster.add('one', 'replicant');
    const two = await cluster.add('two', 'replicant');
    const { mqtt } = await cluster.client(two);
    await mqtt.subscribeAsync(['kept', 'given up'], { qos: 1 });
    await cluster.settled();
    await first.close(100);
    cluster.nodes.shift();
    await until(() => two.cluster!.followed === undefined);
    await mqtt.unsubscribeAsync('given up');
    const startMs = performance.now();
    await cluster.add('core', 'core', { linkPort }, {}, new EmbeddedStore());
    await until(() => cluster.nodes.every(({ cluster: part }) => part!.alarms.length === 0));
    await cluster.settled();
    const healedMs = performance.now() - startMs;
    assert.deepEqual(
      [...one.cluster!.replica.routes()].map(({ filter }) => filter),
      ['kept'],
    );
    assert.ok(healedMs < LEASE_MS / 2, `after ${Math.round(healedMs)} ms`);
  } finally {
    await cluster.close();
  }
});
