import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { McastOptions } from './mod.js';
import { freePort } from './testing/free-port.js';
import { TwoMachines } from './testing/network-namespaces.js';
import { eventually } from './testing/peer-process.js';
import { RemoteNode, type RemoteNodeOptions } from './testing/remote-node.js';

const A = 'emqx@10.77.0.1';
const B = 'emqx@10.77.0.2';

/** Processes in two network namespaces with a veth pair between them. */
describe('mcast discovery between two machines', () => {
  let machines: TwoMachines;
  let ports: number[] = [];
  const nodes: RemoteNode[] = [];

  before(async () => {
    machines = await TwoMachines.create();
    ports = [await freePort(), await freePort()];
  });

  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.kill();
  });

  after(async () => {
    await machines?.remove();
  });

  function start(options: Partial<McastOptions>, node: RemoteNodeOptions): RemoteNode {
    const started = new RemoteNode({ strategy: 'mcast', ports, gatherMs: 400, ...options }, node);
    nodes.push(started);
    return started;
  }

  function onA(options: Partial<McastOptions> = {}, node: Partial<RemoteNodeOptions> = {}) {
    const iface = machines.addressA;
    return start({ iface, ...options }, { self: A, namespace: machines.a, ...node });
  }

  function onB(options: Partial<McastOptions> = {}, node: Partial<RemoteNodeOptions> = {}) {
    const iface = machines.addressB;
    return start({ iface, ...options }, { self: B, namespace: machines.b, ...node });
  }

  it('says what to do when no interface is named and there is no route', async () => {
    const error = { code: 'MCAST_INTERFACE', message: /239\.192\.0\.1.*cluster\.mcast\.iface/ };
    await assert.rejects(onA({ iface: '0.0.0.0' }).ask('discover'), error);
    await assert.rejects(onA({ iface: machines.addressB }).ask('discover'), error);
  });

  it('finds each other over the interface that is named', async () => {
    const [a, b] = [onA(), onB()];
    assert.deepEqual(await b.ask('discover'), [B]);
    assert.deepEqual(await a.ask('discover'), [A, B]);
    assert.deepEqual(await b.ask('discover'), [A, B]);
    assert.deepEqual([a.warnings, b.warnings], [[], []]);
  });

  it('finds each other by the routing table, in another group, with a ttl of 1', async () => {
    await machines.addMulticastRoutes();
    const options = { iface: '0.0.0.0', addr: '239.192.7.7', ttl: 1 };
    const [a, b] = [onA(options), onB(options)];
    await b.ask('discover');
    assert.deepEqual(await a.ask('discover'), [A, B]);
  });

  it('does not see another group, though it is on the same machine', async () => {
    const [a, b] = [onA(), onB()];
    const other = onB({ addr: '239.192.7.8' }, { self: 'other@10.77.0.2' });
    await b.ask('discover');
    assert.deepEqual(await other.ask('discover'), ['other@10.77.0.2']);
    assert.deepEqual(await a.ask('discover'), [A, B]);
  });

  it('does not find who has stopped, and finds it again when it is back', async () => {
    const [a, b] = [onA(), onB()];
    await b.ask('discover');
    assert.deepEqual(await a.ask('discover'), [A, B]);
    await b.kill();
    assert.deepEqual(await a.ask('discover'), [A]);
    await onB().ask('discover');
    assert.deepEqual(await a.ask('discover'), [A, B]);
  });

  it('fails or finds itself alone while the cable is out, and finds the other afterwards', async () => {
    const [a, b] = [onA(), onB()];
    await b.ask('discover');
    await a.ask('discover');
    await machines.plug(false);
    try {
      const found = await a.ask('discover').catch((error: { code: string }) => error.code);
      assert.ok(found === 'MCAST_SEND' || (Array.isArray(found) && found.length === 1));
    } finally {
      await machines.plug(true);
    }
    await eventually(async () => assert.deepEqual(await a.ask('discover'), [A, B]));
  });

  it('neither sees nor answers who has another cookie, and says so', async () => {
    const [a, b] = [onA(), onB({}, { cookie: 'wrong' })];
    assert.deepEqual(await b.ask('discover'), [B]);
    assert.deepEqual(await a.ask('discover'), [A]);
    assert.deepEqual(await b.ask('discover'), [B]);
    assert.match(
      a.warnings.join('\n'),
      /^10\.77\.0\.2 speaks .* with another cookie .*node\.cookie$/,
    );
    assert.match(b.warnings.join('\n'), /^10\.77\.0\.1 speaks .*$/);
  });

  it('neither sees nor answers another cluster', async () => {
    const [a, b] = [onA(), onB({}, { cluster: 'other' })];
    assert.deepEqual(await b.ask('discover'), [B]);
    assert.deepEqual(await a.ask('discover'), [A]);
    assert.deepEqual([a.warnings, b.warnings], [[], []]);
  });

  it('takes the next port of the list when one is taken, and is found there', async () => {
    const second = 'second@10.77.0.1';
    const [first, other, b] = [onA(), onA({}, { self: second }), onB()];
    await first.ask('discover');
    await other.ask('discover');
    await b.ask('discover');
    assert.deepEqual(await b.ask('discover'), [A, B, second]);
    assert.deepEqual(await first.ask('discover'), [A, B, second]);
    const third = onA({}, { self: 'third@10.77.0.1' });
    await assert.rejects(third.ask('discover'), {
      code: 'MCAST_PORTS_TAKEN',
      message: new RegExp(`${ports.join(', ')} are all in use.*cluster\\.mcast\\.ports`),
    });
  });

  it('without loop is not heard on its own machine, but on others', async () => {
    const second = 'second@10.77.0.1';
    const [first, other, b] = [onA({ loop: false }), onA({}, { self: second }), onB()];
    await other.ask('discover');
    await b.ask('discover');
    assert.deepEqual(await first.ask('discover'), [A, B]);
  });

  it('says when another machine has its name', async () => {
    const [a, b] = [onA(), onB({}, { self: A })];
    await a.ask('discover');
    await b.ask('discover');
    await eventually(async () => {
      assert.match(a.warnings.join('\n'), /^10\.77\.0\.2 calls itself emqx@10\.77\.0\.1/);
    });
  });

  it('refuses a group that is none', async () => {
    await assert.rejects(onA({ addr: '10.1.2.3' }).ask('discover'), { code: 'BAD_CONFIG' });
  });
});
