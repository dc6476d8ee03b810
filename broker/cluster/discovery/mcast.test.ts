import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiscoveryError } from './errors.js';
import { MCAST_DEFAULTS, McastDiscovery, type McastOptions } from './mcast.js';
import { encodeMcast, mcastKey } from './mcast-datagram.js';
import type { McastListener, OpenMcastSocket } from './mcast-socket.js';
import { SimulatedClock } from './testing/simulated-clock.js';

interface Member {
  address: string;
  port: number;
  listener: McastListener;
}

/** A network with one multicast group; each node is a machine of its own. */
class SimulatedGroup {
  readonly clock = new SimulatedClock();
  readonly members: Member[] = [];
  /** Datagrams to lose, those that come next. */
  toLose = 0;
  sent = 0;
  #machines = 0;
  #nonces = 0;

  node(
    node: string,
    identity: { cluster?: string; cookie?: string } = {},
    options: Partial<McastOptions> = {},
  ): { discovery: McastDiscovery; warnings: string[] } {
    const warnings: string[] = [];
    const discovery = new McastDiscovery(
      { node, cluster: 'emqxcl', cookie: 'secret', ...identity },
      { ...MCAST_DEFAULTS, ...options },
      {
        open: this.#machine(),
        schedule: this.clock.schedule,
        randomBytes: (count) => Buffer.alloc(count, ++this.#nonces),
        warn: (line) => warnings.push(line),
      },
    );
    return { discovery, warnings };
  }

  deliver(bytes: Buffer, from: Member, port: number, address: string): void {
    this.sent++;
    if (this.toLose > 0) {
      this.toLose--;
      return;
    }
    for (const to of this.members) {
      const isMeant =
        to.port === port && (address === MCAST_DEFAULTS.addr || address === to.address);
      if (isMeant) queueMicrotask(() => to.listener.received(bytes, from.address, from.port));
    }
  }

  #machine(): OpenMcastSocket {
    const address = `10.0.0.${++this.#machines}`;
    return async ({ ports }, listener) => {
      const member = { address, port: ports[0]!, listener };
      this.members.push(member);
      return {
        port: member.port,
        send: async (bytes, port, to) => this.deliver(bytes, member, port, to),
        close: () => void this.members.splice(this.members.indexOf(member), 1),
      };
    };
  }
}

/** Has all of them look at the same time. */
async function discoverAll(
  group: SimulatedGroup,
  ...nodes: { discovery: McastDiscovery }[]
): Promise<string[][]> {
  const found = Promise.all(nodes.map(({ discovery }) => discovery.discover()));
  await group.clock.pass(MCAST_DEFAULTS.gatherMs);
  return found;
}

describe('mcast discovery', () => {
  it('finds itself and those who answer within 3 s', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2');
    const both = ['emqx@10.0.0.1', 'emqx@10.0.0.2'];
    assert.deepEqual(await discoverAll(group, a, b), [both, both]);
    let found: string[] | undefined;
    void a.discovery.discover().then((nodes) => {
      found = nodes;
    });
    await group.clock.pass(2999);
    assert.equal(found, undefined);
    await group.clock.pass(1);
    assert.deepEqual(found, both);
  });

  it('goes on answering once it has looked, until it is stopped', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2');
    await discoverAll(group, b);
    assert.deepEqual(await discoverAll(group, a), [['emqx@10.0.0.1', 'emqx@10.0.0.2']]);
    await b.discovery.stop();
    assert.deepEqual(await discoverAll(group, a), [['emqx@10.0.0.1']]);
  });

  it('speaks to every port of the list', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2', {}, { ports: [4370] });
    await discoverAll(group, b);
    assert.deepEqual(await discoverAll(group, a), [['emqx@10.0.0.1', 'emqx@10.0.0.2']]);
  });

  it('asks again when a datagram is lost', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2');
    await discoverAll(group, b);
    group.toLose = MCAST_DEFAULTS.ports.length;
    assert.deepEqual(await discoverAll(group, a), [['emqx@10.0.0.1', 'emqx@10.0.0.2']]);
  });

  it('neither sees nor answers another cluster', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2', { cluster: 'other' });
    assert.deepEqual(await discoverAll(group, a, b), [['emqx@10.0.0.1'], ['emqx@10.0.0.2']]);
    assert.deepEqual([a.warnings, b.warnings], [[], []]);
  });

  it('neither sees nor answers who has another cookie, and says so once', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.2', { cookie: 'wrong' });
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await discoverAll(group, a, b), [['emqx@10.0.0.1'], ['emqx@10.0.0.2']]);
    }
    assert.equal(a.warnings.length, 1);
    assert.match(a.warnings[0]!, /10\.0\.0\.2 .*emqxcl.*node\.cookie/);
  });

  it('says when another node has its name', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const b = group.node('emqx@10.0.0.1');
    await discoverAll(group, a);
    await discoverAll(group, b);
    assert.equal(a.warnings.length, 1);
    assert.match(a.warnings[0]!, /10\.0\.0\.2 calls itself emqx@10\.0\.0\.1/);
  });

  it('takes no answer to an older question', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const found = a.discovery.discover();
    await group.clock.pass(100);
    const ghost = { cluster: 'emqxcl', node: 'ghost@10.0.0.9', group: MCAST_DEFAULTS.addr };
    const old = { type: 'pong', nonce: Buffer.alloc(8, 99), ...ghost } as const;
    const bytes = encodeMcast(old, mcastKey('secret'));
    group.members[0]!.listener.received(bytes, '10.0.0.9', 4369);
    await group.clock.pass(3000);
    assert.deepEqual(await found, ['emqx@10.0.0.1']);
  });

  it('gathers once for callers that overlap', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    const first = a.discovery.discover();
    assert.equal(a.discovery.discover(), first);
    await group.clock.pass(3000);
    await first;
    assert.equal(group.sent, 3 * MCAST_DEFAULTS.ports.length);
    assert.equal(group.clock.waiting, 0);
  });

  it('fails in one line when it cannot send, and when it is stopped', async () => {
    const clock = new SimulatedClock();
    const identity = { node: 'emqx@10.0.0.1', cluster: 'emqxcl', cookie: 'secret' };
    let sends = 0;
    const discovery = new McastDiscovery(identity, MCAST_DEFAULTS, {
      open: async () => ({
        port: 4369,
        send: async () => {
          sends++;
          if (sends <= 2) throw new Error('send ENETUNREACH');
        },
        close: () => {},
      }),
      schedule: clock.schedule,
      randomBytes: (count) => Buffer.alloc(count),
      warn: (line) => assert.fail(line),
    });
    await assert.rejects(discovery.discover(), (error) => {
      assert.ok(error instanceof DiscoveryError);
      assert.equal(error.code, 'MCAST_SEND');
      assert.match(error.message, /239\.192\.0\.1.*ENETUNREACH.*cluster\.mcast\.iface/);
      return true;
    });
    const rejected = assert.rejects(discovery.discover(), { code: 'STOPPED' });
    await clock.pass(10);
    await discovery.stop();
    await rejected;
    assert.equal(clock.waiting, 0);
    await assert.rejects(discovery.discover(), { code: 'STOPPED' });
  });

  it('opens a new socket when the old one broke', async () => {
    const group = new SimulatedGroup();
    const a = group.node('emqx@10.0.0.1');
    await discoverAll(group, a);
    group.members.pop()!.listener.broken('multicast socket on port 4369: gone');
    assert.deepEqual(a.warnings, ['multicast socket on port 4369: gone']);
    const rejected = assert.rejects(a.discovery.discover(), { code: 'MCAST_SOCKET' });
    await group.clock.pass(1);
    group.members[0]!.listener.broken('gone again');
    await rejected;
    assert.deepEqual(await discoverAll(group, a), [['emqx@10.0.0.1']]);
  });
});
