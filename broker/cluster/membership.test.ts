import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningBroker } from '../broker.js';
import { SharedDatabases, storeFailure } from '../testing/shared-databases.js';
import { freePort, TestCluster, until } from '../testing/test-cluster.js';
import { ClusterError } from './cluster-error.js';
import type { ClusterOptions } from './cluster-options.js';
import type { Role } from './hello.js';

/** Nodes that begin apart, and know each other's ports. */
class Apart {
  readonly cluster = new TestCluster();
  readonly databases = new SharedDatabases();
  readonly remembered = new Map<string, readonly string[]>();
  readonly #ports = new Map<string, number>();

  async core(name: string, options: Partial<ClusterOptions> = {}): Promise<RunningBroker> {
    return this.#add(name, 'core', { database: this.databases.own(), ...options });
  }

  /** Follows that core. */
  async replicant(name: string, core: RunningBroker): Promise<RunningBroker> {
    const seed = { name: core.nodeName, host: '127.0.0.1', port: core.cluster!.linkPort };
    return this.#add(name, 'replicant', { seeds: async () => [seed] });
  }

  async #add(name: string, role: Role, options: Partial<ClusterOptions>): Promise<RunningBroker> {
    const linkPort = await freePort();
    const nodeName = `${name}@127.0.0.1`;
    this.#ports.set(nodeName, linkPort);
    return this.cluster.add(name, role, {
      linkPort,
      addressOf: (node) => ({
        name: node,
        host: '127.0.0.1',
        port: this.#ports.get(node) ?? 1,
      }),
      remember: async (cores, isOrder) => {
        if (isOrder || this.remembered.has(name)) this.remembered.set(name, [...cores].sort());
      },
      ...options,
    });
  }
}

async function apart(work: (nodes: Apart) => Promise<void>): Promise<void> {
  const nodes = new Apart();
  try {
    await work(nodes);
  } finally {
    await nodes.cluster.close();
  }
}

/** Joins, and returns what was said before it was done. */
async function join(node: RunningBroker, target: RunningBroker | string): Promise<string[]> {
  const said: string[] = [];
  const name = typeof target === 'string' ? target : target.nodeName;
  await node.cluster!.membership.join(name, (line) => said.push(line));
  return said;
}

async function leave(node: RunningBroker): Promise<string[]> {
  const said: string[] = [];
  await node.cluster!.membership.leave((line) => said.push(line));
  return said;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ClusterError || error instanceof Error, 'it was done');
  return (error as ClusterError).code;
}

function running(node: RunningBroker): string {
  return node
    .cluster!.members()
    .running.map((name) => name.slice(0, name.indexOf('@')))
    .join();
}

describe('cluster join', () => {
  it('an embedded core grows, the other one takes its database; clients of both stay and reach each other', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const a = await nodes.cluster.client(one);
      const b = await nodes.cluster.client(two);
      await a.mqtt.subscribeAsync('to/a', { qos: 1 });
      await b.mqtt.subscribeAsync('to/b', { qos: 1 });
      await a.mqtt.publishAsync('kept', 'by one', { retain: true, qos: 1 });
      await b.mqtt.publishAsync('lost', 'by two', { retain: true, qos: 1 });
      const said = await join(two, one);
      assert.deepEqual(said.slice(0, 2), [
        'retained messages discarded with its own database: 1',
        'sessions that stay, told to the new cluster: 1',
      ]);
      for (const node of [one, two]) assert.equal(running(node), 'one,two');
      assert.deepEqual(nodes.remembered.get('one'), ['two@127.0.0.1']);
      assert.deepEqual(nodes.remembered.get('two'), ['one@127.0.0.1']);
      await nodes.cluster.settled();
      await a.mqtt.publishAsync('to/b', 'from a', { qos: 1 });
      await b.mqtt.publishAsync('to/a', 'from b', { qos: 1 });
      await until(() => a.box.length === 1 && b.box.length === 1);
      assert.deepEqual([a.box, b.box], [['from b'], ['from a']]);
      const late = await nodes.cluster.client(two);
      await late.mqtt.subscribeAsync('#', { qos: 1 });
      await until(() => late.box.length > 0);
      assert.deepEqual(late.box, ['by one']);
      assert.deepEqual([a.disconnects, b.disconnects], [[], []]);
    }));

  it('replicants of a core that grows notice nothing; those of one that joins go with it', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const first = await nodes.replicant('first', one);
      const second = await nodes.replicant('second', two);
      const a = await nodes.cluster.client(first);
      const b = await nodes.cluster.client(second);
      await a.mqtt.subscribeAsync('t', { qos: 1 });
      await b.mqtt.subscribeAsync('t', { qos: 1 });
      const before = nodes.cluster.said.filter((line) => line.startsWith('first:')).length;
      await join(two, one);
      await until(() =>
        nodes.cluster.nodes.every((node) => running(node) === 'first,one,second,two'),
      );
      await nodes.cluster.settled();
      await a.mqtt.publishAsync('t', 'to both', { qos: 1 });
      await until(() => a.box.length === 1 && b.box.length === 1);
      const after = nodes.cluster.said.filter((line) => line.startsWith('first:')).length;
      assert.equal(after, before, nodes.cluster.said.join('\n'));
    }));

  it('no message between clients of the joining core is lost meanwhile', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const replicant = await nodes.replicant('replicant', two);
      const publisher = await nodes.cluster.client(two);
      const near = await nodes.cluster.client(two);
      const far = await nodes.cluster.client(replicant);
      for (const { mqtt } of [near, far]) await mqtt.subscribeAsync('t', { qos: 1 });
      await until(() => [...two.cluster!.replica.routes()].length === 2);
      let sent = 0;
      let isOver = false;
      const publishing = (async () => {
        while (!isOver) await publisher.mqtt.publishAsync('t', String(sent++), { qos: 1 });
      })();
      await join(two, one);
      await nodes.cluster.settled();
      isOver = true;
      await publishing;
      await until(() => new Set(near.box).size === sent && new Set(far.box).size === sent);
      assert.ok(sent > 3, `only ${sent}`);
    }));

  it('a client identifier that both clusters have belongs to one connection afterwards', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const a = await nodes.cluster.client(one, { clientId: 'same' });
      const b = await nodes.cluster.client(two, { clientId: 'same' });
      await join(two, one);
      await until(() => b.disconnects.length === 1);
      assert.deepEqual([a.disconnects, b.disconnects], [[], [0x8e]]);
      assert.equal(a.mqtt.connected, true);
    }));

  it('a replicant goes to another cluster with its clients', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const replicant = await nodes.replicant('replicant', one);
      const client = await nodes.cluster.client(replicant);
      await client.mqtt.subscribeAsync('t', { qos: 1 });
      const other = await nodes.cluster.client(two);
      await join(replicant, two);
      await until(() => running(one) === 'one' && running(two) === 'replicant,two');
      assert.deepEqual(nodes.remembered.get('replicant'), ['two@127.0.0.1']);
      await until(() => [...two.cluster!.replica.routes()].length === 1);
      await other.mqtt.publishAsync('t', 'there', { qos: 1 });
      await until(() => client.box.length === 1);
      assert.equal(running(replicant), 'replicant,two');
      assert.deepEqual(client.disconnects, []);
    }));

  it('is refused with a reason, and everything stays as it was', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const replicant = await nodes.replicant('replicant', one);
      const stranger = await nodes.core('stranger', { cookie: 'another' });
      const elsewhere = await nodes.core('elsewhere', { cluster: 'other' });
      assert.equal(await codeOf(join(two, 'nobody@127.0.0.1')), 'NODE_DOWN');
      assert.equal(await codeOf(join(two, replicant)), 'REPLICANT');
      assert.equal(await codeOf(join(replicant, one)), 'ALREADY_IN_CLUSTER');
      await assert.rejects(join(two, stranger), /another cookie|cookie/);
      await assert.rejects(join(two, elsewhere), /cluster\.name/);
      const single = await nodes.core('single', { singleton: true });
      assert.equal(await codeOf(join(single, one)), 'SINGLETON');
      assert.equal(await codeOf(join(two, single)), 'SINGLETON');
      nodes.databases.failure = storeFailure();
      assert.equal(await codeOf(join(two, one)), 'BAD_CONFIG');
      nodes.databases.failure = undefined;
      assert.equal(running(one), 'one,replicant');
      assert.equal(running(two), 'two');
      assert.equal(nodes.remembered.size, 0);
      await join(two, one);
      assert.equal(await codeOf(join(two, one)), 'ALREADY_IN_CLUSTER');
    }));

  it('of a node whose name the cluster has is refused', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      await nodes.replicant('same', one);
      const same = await nodes.core('same');
      assert.equal(await codeOf(join(same, one)), 'NAME_TAKEN');
      assert.equal(running(one), 'one,same');
    }));
});

describe('cluster leave', () => {
  it('a core goes on alone with its clients, and may come back', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      await join(two, one);
      const client = await nodes.cluster.client(two);
      await client.mqtt.subscribeAsync('t', { qos: 1 });
      await client.mqtt.publishAsync('kept', 'x', { retain: true, qos: 1 });
      assert.deepEqual(await leave(two), [
        'retained messages left to the cluster: 1',
        'sessions that stay here, out of the cluster: 1',
      ]);
      assert.equal(running(two), 'two');
      await until(() => running(one) === 'one');
      assert.deepEqual(one.cluster!.members().stopped, []);
      await client.mqtt.publishAsync('t', 'alone', { qos: 1 });
      await until(() => client.box.length === 1);
      await join(two, one);
      await until(() => running(one) === 'one,two');
      assert.deepEqual(client.disconnects, []);
      assert.deepEqual(
        [...one.cluster!.replica.routes()].map(({ filter, node }) => `${filter} ${node}`),
        ['t two@127.0.0.1'],
      );
    }));

  it('replicants of the core that leaves stay in the cluster', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const two = await nodes.core('two');
      const replicant = await nodes.replicant('replicant', two);
      await join(two, one);
      await until(() => running(replicant) === 'one,replicant,two');
      const client = await nodes.cluster.client(replicant);
      await client.mqtt.subscribeAsync('t', { qos: 1 });
      await leave(two);
      await until(() => running(one) === 'one,replicant' && running(replicant) === 'one,replicant');
      assert.equal(running(two), 'two');
      await nodes.cluster.nodes[0]!.cluster!.links.whenOpen(replicant.nodeName, 5000);
      const publisher = await nodes.cluster.client(one);
      await until(() => [...one.cluster!.replica.routes()].length === 1);
      await publisher.mqtt.publishAsync('t', 'still', { qos: 1 });
      await until(() => client.box.length === 1);
      assert.deepEqual(client.disconnects, []);
    }));

  it('a replicant ends its clients, and serves again once it has joined', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      const replicant = await nodes.replicant('replicant', one);
      const client = await nodes.cluster.client(replicant);
      assert.deepEqual(await leave(replicant), [
        'clients disconnected, their sessions ended: 1; without a core it serves none',
      ]);
      await until(() => running(one) === 'one' && client.disconnects.length === 1);
      assert.match(replicant.cluster!.alarms.join(), /has left its cluster/);
      await join(replicant, one);
      assert.deepEqual(replicant.cluster!.alarms, []);
      const again = await nodes.cluster.client(replicant);
      await again.mqtt.subscribeAsync('t');
      await until(() => [...one.cluster!.replica.routes()].length === 1);
    }));

  it('of a core without others is refused', () =>
    apart(async (nodes) => {
      const one = await nodes.core('one');
      await nodes.replicant('replicant', one);
      assert.equal(await codeOf(leave(one)), 'NOT_IN_CLUSTER');
      assert.equal(running(one), 'one,replicant');
    }));
});

it('force-leave of a node that runs has it leave: it stays out', () =>
  apart(async (nodes) => {
    const one = await nodes.core('one');
    const two = await nodes.core('two');
    const replicant = await nodes.replicant('replicant', one);
    await join(two, one);
    await until(() => running(one) === 'one,replicant,two');
    const client = await nodes.cluster.client(replicant);
    assert.equal(await one.cluster!.forceLeave(replicant.nodeName), true);
    assert.equal(running(one), 'one,two');
    await until(() => client.disconnects.length === 1);
    assert.equal(await one.cluster!.forceLeave(two.nodeName), true);
    assert.equal(running(one), 'one');
    assert.equal(running(two), 'two');
    assert.equal(await one.cluster!.forceLeave(two.nodeName), false);
  }));

it('force-leave of a core takes its part of the database out as well', () =>
  apart(async (nodes) => {
    const one = await nodes.core('one');
    const two = await nodes.core('two');
    await join(two, one);
    await two.close(100);
    nodes.cluster.nodes.splice(nodes.cluster.nodes.indexOf(two), 1);
    await until(() => one.cluster!.members().stopped.length === 1);
    assert.equal(await one.cluster!.forceLeave(two.nodeName), true);
    assert.deepEqual(nodes.databases.forgotten, [two.nodeName]);
  }));
