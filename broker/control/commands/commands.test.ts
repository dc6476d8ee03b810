import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedNode } from '../../testing/simulation.js';
import { bad, ctl, good, NODE } from '../testing/run-in-node.js';

describe('status and broker', () => {
  it('a node that runs is started, and only that is a success', async () => {
    assert.deepEqual(await ctl('status'), good(`Node '${NODE}' 1.2.3 is started\n`));
    for (const state of ['starting', 'stopping'] as const) {
      assert.deepEqual(await ctl('status', undefined, { state: () => state }), {
        exit: 1,
        out: `Node '${NODE}' 1.2.3 is ${state}\n`,
        err: '',
      });
    }
  });

  it('the broker says what it is, since when, and the time', async () => {
    const simulated = new SimulatedNode();
    const since = { startedAtMs: simulated.nowMs - 121_000 };
    assert.deepEqual(
      await ctl('broker', simulated, since),
      good(
        'sysdescr  : Fleetgauge\n' +
          'version   : 1.2.3\n' +
          'datetime  : 2026-11-22T16:15:18.647+00:00\n' +
          'uptime    : 2 minutes, 1 seconds\n',
      ),
    );
  });

  it('statistics and metrics are sorted; names have 30 columns and lose the rest', async () => {
    const simulated = new SimulatedNode();
    simulated.connected('c').publish('nobody/listens', 'x');
    const stats = await ctl('broker stats', simulated);
    const metrics = await ctl('broker metrics', simulated);
    for (const { exit, out } of [stats, metrics]) {
      assert.equal(exit, 0);
      const lines = out.trimEnd().split('\n');
      for (const line of lines) assert.match(line, /^[a-z0-9._ ]{30}: \d+$/);
      assert.deepEqual(lines, [...lines].sort());
    }
    assert.ok(stats.out.includes('subscriptions.shared.count    : 0\n'));
    assert.ok(stats.out.includes('live_connections.max          : 1\n'));
    assert.ok(metrics.out.includes('messages.dropped.no_subscriber: 1\n'));
  });
});

describe('clients, topics and subscriptions', () => {
  const away = { cleanStart: false, properties: { sessionExpiryInterval: 0xffff_ffff } };

  function twoClients(): SimulatedNode {
    const simulated = new SimulatedNode();
    const options = { username: 'u1', keepAliveSeconds: 30, protocolVersion: 4 } as const;
    const first = simulated.connected('c1', options);
    first.subscribe('a/#', 1);
    first.subscribe('b/+/c', 2);
    simulated.pass(500);
    const second = simulated.connected('c2', away);
    second.subscribe('$share/g1/s/t', 1, { noLocal: false, retainAsPublished: true });
    second.drop();
    return simulated;
  }

  const FIRST =
    'Client(c1, username=u1, peername=192.0.2.1:1883, clean_start=true, keepalive=30, ' +
    'session_expiry_interval=0, subscriptions=2, inflight=0, awaiting_rel=0, delivered_msgs=0, ' +
    'enqueued_msgs=0, dropped_msgs=0, connected=true, created_at=1005000, connected_at=1005000)\n';
  const SECOND =
    'Client(c2, username=undefined, peername=192.0.2.1:1883, clean_start=false, keepalive=0, ' +
    'session_expiry_interval=4294967295, subscriptions=1, inflight=0, awaiting_rel=0, delivered_msgs=0, ' +
    'enqueued_msgs=0, dropped_msgs=0, connected=false, created_at=1005500, connected_at=1005500, ' +
    'disconnected_at=1005500)\n';

  it('clients are a line each, those that are away included', async () => {
    const simulated = twoClients();
    assert.deepEqual(await ctl('clients list', simulated), good(FIRST + SECOND));
    assert.deepEqual(await ctl('clients show c2', simulated), good(SECOND));
    assert.deepEqual(await ctl('clients show nosuch', simulated), bad('Not Found.\n'));
  });

  it('a client that is kicked is gone', async () => {
    const simulated = twoClients();
    assert.deepEqual(await ctl('clients kick c1', simulated), good('ok\n'));
    assert.deepEqual(await ctl('clients list', simulated), good(SECOND));
    assert.deepEqual(await ctl('clients kick c1', simulated), bad('Not Found.\n'));
  });

  it('topics are routes: filter and node, a shared group without its name', async () => {
    const simulated = twoClients();
    const { out } = await ctl('topics list', simulated);
    assert.deepEqual(out.trimEnd().split('\n').sort(), [
      `a/# -> ${NODE}`,
      `b/+/c -> ${NODE}`,
      `s/t -> ${NODE}`,
    ]);
    assert.deepEqual(await ctl('topics show a/#', simulated), good(`a/# -> ${NODE}\n`));
    assert.deepEqual(await ctl('topics show a/b', simulated), bad('Not Found.\n'));
  });

  it('subscriptions show their options', async () => {
    const simulated = twoClients();
    const ofFirst =
      'c1 -> topic:a/# qos:1 nl:0 rh:0 rap:0\nc1 -> topic:b/+/c qos:2 nl:0 rh:0 rap:0\n';
    const ofSecond = 'c2 -> topic:s/t qos:1 nl:0 rh:0 rap:1\n';
    assert.deepEqual(await ctl('subscriptions list', simulated), good(ofFirst + ofSecond));
    assert.deepEqual(await ctl('subscriptions show c1', simulated), good(ofFirst));
    assert.deepEqual(await ctl('subscriptions show nosuch', simulated), bad('Not Found.\n'));
  });

  it('subscriptions are added to a client and taken away', async () => {
    const simulated = new SimulatedNode();
    simulated.connected('c');
    assert.deepEqual(await ctl('subscriptions add c t/1 2', simulated), good('ok\n'));
    const listed = good('c -> topic:t/1 qos:2 nl:0 rh:0 rap:0\n');
    assert.deepEqual(await ctl('subscriptions list', simulated), listed);
    for (const qos of ['3', '-1', '1.0', 'x', '']) {
      const refused = await ctl(`subscriptions add c t ${qos}`, simulated);
      assert.deepEqual(refused, bad('QoS should be 0, 1, 2\n'));
    }
    const noFilter = await ctl('subscriptions add c t/#/u 1', simulated);
    assert.deepEqual(noFilter, bad("Error: 't/#/u' is not a topic filter that this node takes!\n"));
    const noClient = bad('Error: Channel not found!\n');
    assert.deepEqual(await ctl('subscriptions add nosuch t 1', simulated), noClient);
    assert.deepEqual(await ctl('subscriptions del nosuch t', simulated), noClient);
    assert.deepEqual(await ctl('subscriptions del c t/1', simulated), good('ok\n'));
    assert.deepEqual(await ctl('subscriptions del c t/1', simulated), bad('Not Found.\n'));
  });

  it('what clients chose cannot break a line or reach the terminal', async () => {
    const simulated = new SimulatedNode();
    const client = simulated.connected('evil\nClient(\u001b[31m');
    client.subscribe('a\tb');
    client.publish('r\u007f', 'x', { retain: true });
    for (const command of [
      'clients list',
      'subscriptions list',
      'topics list',
      'retainer topics',
    ]) {
      const { out } = await ctl(command, simulated);
      assert.match(out, /^[ -~]+\n$/, command);
    }
    assert.match(
      (await ctl('clients list', simulated)).out,
      /^Client\(evil\\x0aClient\(\\x1b\[31m, /,
    );
  });
});

describe('the rest', () => {
  it('listeners are blocks in the order of their names', async () => {
    const listener = {
      bind: '127.0.0.1:12831',
      acceptors: 16,
      proxyProtocol: false,
      running: true,
      connections: 6,
      maxConnections: 512000,
    };
    const listeners = () => [
      { ...listener, id: 'tcp:default', maxConnections: Number.POSITIVE_INFINITY },
      { ...listener, id: 'ssl:default' },
    ];
    const block = (id: string, max: string): string =>
      `${id}
  listen_on       : 127.0.0.1:12831
  acceptors       : 16
  proxy_protocol  : false
  running         : true
  current_conn    : 6
  max_conns       : ${max}
`;
    assert.deepEqual(
      await ctl('listeners', undefined, { listeners }),
      good(block('ssl:default', '512000') + block('tcp:default', 'infinity')),
    );
  });

  it('retained messages are counted, named and removed', async () => {
    const simulated = new SimulatedNode();
    const publisher = simulated.connected('p');
    for (const topic of ['a', 'a/b', 'c']) publisher.publish(topic, 'x', { retain: true });
    const info = (count: number) => good(`Number of retained messages: ${count}\n`);
    assert.deepEqual(await ctl('retainer info', simulated), info(3));
    assert.deepEqual(await ctl('retainer topics', simulated), good('a\na/b\nc\n'));
    const removed = (count: number) => good(`Retained messages removed: ${count}\n`);
    assert.deepEqual(await ctl('retainer clean a/#', simulated), removed(2));
    assert.deepEqual(await ctl('retainer info', simulated), info(1));
    assert.equal((await ctl('retainer clean a#', simulated)).exit, 1);
    assert.deepEqual(await ctl('retainer clean', simulated), removed(1));
    assert.deepEqual(await ctl('retainer info', simulated), info(0));
  });

  it('memory is in bytes, names have 24 columns', async () => {
    const { exit, out } = await ctl('vm memory');
    assert.equal(exit, 0);
    const lines = out.trimEnd().split('\n');
    assert.ok(lines.length >= 3);
    for (const line of lines) assert.match(line, /^memory\/[a-z_]+ *: \d+$/);
    for (const line of lines) assert.equal(line.indexOf(':'), 24);
  });
});

describe('usage', () => {
  it('a group’s name alone shows its commands; a command it does not have does, too, and exits 1', async () => {
    const usage =
      'clients list            # List all clients\n' +
      'clients show <ClientId> # Show a client\n' +
      'clients kick <ClientId> # Kick out a client\n';
    assert.deepEqual(await ctl('clients'), good(usage));
    for (const wrong of ['clients nosuch', 'clients show', 'clients list all']) {
      assert.deepEqual(await ctl(wrong), bad(usage));
    }
    for (const wrong of ['status now', 'broker nosuch', 'cluster status --yaml', 'vm all']) {
      const { exit, err } = await ctl(wrong);
      assert.equal(exit, 1, wrong);
      assert.ok(err.startsWith(`${wrong.split(' ')[0]} `), wrong);
    }
  });

  it('an unknown command shows all there are, and exits 1', async () => {
    const { exit, out, err } = await ctl('nosuchcommand');
    assert.deepEqual({ exit, out }, { exit: 1, out: '' });
    const blocks = err.trimEnd().split(`\n${'-'.repeat(110)}\n`);
    assert.equal(blocks[0], 'Usage: fleetgauge ctl');
    assert.equal(blocks[1], 'status # Show broker status');
    assert.equal(blocks.length, 10);
    // Each of them exists: run with operands, none shows its usage.
    const simulated = new SimulatedNode();
    for (const line of blocks.slice(1).flatMap((block) => block.split('\n'))) {
      const [command = ''] = line.split(' # ');
      const words = command.trim().replace('<QoS>', '1').replace('[--json]', '--json');
      const { err: said } = await ctl(words, simulated);
      assert.ok(!said.includes(' # '), words);
    }
  });
});
