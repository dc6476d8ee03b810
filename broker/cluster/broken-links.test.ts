import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { Receipt } from '../routing/mod.js';
import { codeOf, HOST, LinkedNode } from '../testing/linked-node.js';
import { TcpProxy } from '../testing/tcp-proxy.js';
import { freePort, until } from '../testing/test-cluster.js';

/** Node `a@h` that links to `b@h` through a proxy. */
async function linked(
  work: (a: LinkedNode, b: LinkedNode, proxy: TcpProxy) => Promise<void>,
  cookie = 'secret',
): Promise<void> {
  const a = new LinkedNode('a@h', cookie);
  const b = new LinkedNode('b@h');
  const proxy = await TcpProxy.open(await b.listen());
  try {
    a.links.want('b@h', { host: HOST, port: proxy.port });
    await work(a, b, proxy);
  } finally {
    mock.timers.reset();
    await Promise.all([a.close(), b.close(), proxy.close()]);
  }
}

const COUNT = 3000;
const SENT = Array.from({ length: COUNT }, (_, n) => String(n));

/** Publishes while connections are cut in the middle of packets, until everything is taken. */
async function publishThroughCuts(a: LinkedNode, proxy: TcpProxy, qos: 1 | 2): Promise<void> {
  const remote = a.forward('t', 'b@h');
  // Some hundred messages.
  proxy.cutAfterBytes = 6000;
  await a.links.whenOpen('b@h', 5000);
  proxy.cut();
  const receipts: Receipt[] = [];
  for (const text of SENT) {
    receipts.push(a.publish('t', text, qos)!);
    if (Number(text) % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => receipts.every(({ complete }) => complete));
  await until(() => remote.inflight + remote.queued === 0);
}

describe('a link that breaks again and again', () => {
  it('loses no QoS 1 message, and keeps their order but for repetitions', () =>
    linked(async (a, b, proxy) => {
      b.wants('t');
      await publishThroughCuts(a, proxy, 1);
      assert.ok(proxy.connections > 3, `${proxy.connections} connections`);
      assert.deepEqual([...new Set(b.got)], SENT);
      assert.ok(b.got.length >= COUNT);
    }));

  it('delivers each QoS 2 message once and in order', () =>
    linked(async (a, b, proxy) => {
      b.wants('t');
      await publishThroughCuts(a, proxy, 2);
      assert.ok(proxy.connections > 3, `${proxy.connections} connections`);
      assert.deepEqual(b.got, SENT);
    }));

  it('tells those who wait for an answer', () =>
    linked(async (a, b, proxy) => {
      const link = await a.links.whenOpen('b@h', 5000);
      assert.deepEqual(await link.call('echo', { some: 'ä' }), { some: 'ä' });
      b.answer = () => new Promise(() => {});
      const [one, two] = [codeOf(link.call('never', null)), codeOf(link.call('never', null, 20))];
      assert.equal(await two, 'TIMEOUT');
      proxy.cut();
      assert.equal(await one, 'LINK_LOST');
      assert.equal(await codeOf(link.call('echo', null)), 'NO_LINK');
      b.answer = async () => 'back';
      const next = await a.links.whenOpen('b@h', 5000);
      assert.notEqual(next, link);
      assert.equal(await next.call('echo', null), 'back');
    }));

  it('is opened again after 100 ms, later and later up to 2 s, then from the start', async () => {
    const a = new LinkedNode('a@h');
    const b = new LinkedNode('b@h');
    const port = await freePort();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let end = a.nextEnd();
      a.links.want('b@h', { host: HOST, port });
      assert.equal((await end).how, 'refused');
      for (const waitMs of [100, 200, 400, 800, 1600, 2000, 2000]) {
        const before = a.ends.length;
        end = a.nextEnd();
        mock.timers.tick(waitMs - 1);
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(a.ends.length, before, `no attempt before ${waitMs} ms`);
        mock.timers.tick(1);
        await end;
      }
      await b.listen(port);
      const open = a.links.whenOpen('b@h', 100_000);
      mock.timers.tick(2000);
      const link = await open;
      end = a.nextEnd();
      link.takenOver();
      await end;
      const again = a.links.whenOpen('b@h', 100_000);
      mock.timers.tick(100);
      assert.notEqual(await again, link);
    } finally {
      mock.timers.reset();
      await Promise.all([a.close(), b.close()]);
    }
  });
});

describe('a link', () => {
  it('is given up when the other node says nothing for one and a half keep-alives', () =>
    linked(async (a, _b, proxy) => {
      await a.links.whenOpen('b@h', 5000);
      proxy.freeze();
      const end = a.nextEnd();
      a.aheadMs += 5900;
      a.links.tick(a.now());
      assert.equal(a.ends.length, 0);
      a.aheadMs += 300;
      a.links.tick(a.now());
      assert.deepEqual(await end, { how: 'lost', why: 'silent for 6 s' });
      await a.links.whenOpen('b@h', 5000);
    }));

  it('lives on pings', () =>
    linked(async (a, b) => {
      const link = await a.links.whenOpen('b@h', 5000);
      for (let n = 0; n < 5; n++) {
        for (const each of [a, b]) each.aheadMs += 3000;
        a.links.tick(a.now());
        b.node.tick(b.now());
        assert.equal(await link.call('echo', n), n);
      }
      assert.equal(a.links.get('b@h'), link);
    }));

  it('to a node of another cookie does not open, and both sides say why', () =>
    linked(async (a, b) => {
      assert.equal(await codeOf(a.links.whenOpen('b@h', 5000)), 'REJECTED');
      assert.deepEqual(a.ends[0], { how: 'rejected', why: 'it has another cookie' });
      assert.deepEqual(b.said, ["a node that calls itself 'a@h' has another cookie: refused"]);
      assert.deepEqual(a.opened, []);
    }, 'guess'));

  it('that is not wanted any more is closed, and nobody waits for it', () =>
    linked(async (a, b) => {
      await a.links.whenOpen('b@h', 5000);
      a.links.want('c@h', { host: HOST, port: await freePort() });
      const waiting = codeOf(a.links.whenOpen('c@h', 5000));
      a.links.unwant('c@h');
      assert.equal(await waiting, 'NO_LINK');
      a.links.unwant('b@h');
      assert.equal(a.links.get('b@h'), undefined);
      assert.equal(await codeOf(a.links.whenOpen('b@h', 5000)), 'NO_LINK');
      await until(() => b.unlinked === 1);
    }));

  it('follows the other node to where it is now', () =>
    linked(async (a) => {
      const link = await a.links.whenOpen('b@h', 5000);
      const moved = new LinkedNode('b@h');
      try {
        const end = a.nextEnd();
        a.links.want('b@h', { host: HOST, port: await moved.listen() });
        await end;
        const next = await a.links.whenOpen('b@h', 5000);
        assert.notEqual(next, link);
        moved.answer = async () => 'here';
        assert.equal(await next.call('where', null), 'here');
      } finally {
        await moved.close();
      }
    }));
});
