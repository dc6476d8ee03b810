import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import {
  createDiscovery,
  type Discovery,
  DiscoveryError,
  type DiscoveryOptions,
  type EtcdOptions,
} from './mod.js';
import { type KeyPair, TestAuthority } from './testing/certificates.js';
import { EtcdServer } from './testing/etcd-server.js';
import { temporaryFolder } from './testing/folder.js';
import { freePort } from './testing/free-port.js';
import { eventually } from './testing/peer-process.js';
import { RemoteNode } from './testing/remote-node.js';

const A = 'emqx@10.0.0.1';
const B = 'emqx@10.0.0.2';

/** Debian's etcd (package etcd-server). */
describe('etcd discovery asking etcd', () => {
  let folder = '';
  let remove = async () => {};
  let etcd: EtcdServer;
  const discoveries: Discovery[] = [];
  const nodes: RemoteNode[] = [];
  const servers: EtcdServer[] = [];
  let warnings: string[] = [];
  let prefixes = 0;
  let prefix = '';

  before(async () => {
    ({ folder, remove } = await temporaryFolder());
    etcd = await startEtcd('plain');
  });

  afterEach(async () => {
    for (const discovery of discoveries.splice(0)) await discovery.stop();
    for (const node of nodes.splice(0)) await node.kill();
    warnings = [];
    prefix = `cluster-${++prefixes}`;
  });

  after(async () => {
    for (const server of servers) await server.kill();
    await remove();
  });

  async function startEtcd(
    name: string,
    tls?: { server: KeyPair; ca: string },
  ): Promise<EtcdServer> {
    const server = await EtcdServer.create(folder, name, tls);
    servers.push(server);
    await server.start();
    return server;
  }

  function options(more: Partial<EtcdOptions>): DiscoveryOptions {
    return { strategy: 'etcd', server: etcd.url, prefix, timeoutMs: 3000, ...more };
  }

  function discovery(self: string, more: Partial<EtcdOptions> = {}): Required<Discovery> {
    const made = createDiscovery(options(more), {
      self,
      clusterName: 'emqxcl',
      cookie: 'secret',
      warn: (line) => warnings.push(line),
    });
    discoveries.push(made);
    return made as Required<Discovery>;
  }

  function remote(self: string): RemoteNode {
    const node = new RemoteNode(options({}), { self });
    nodes.push(node);
    return node;
  }

  async function fails(asked: Promise<unknown>, code: string, says: RegExp): Promise<void> {
    const error = await asked.then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof DiscoveryError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    assert.ok(!error.message.includes('\n'));
  }

  it('finds those who registered, and no more once they unregistered or stopped', async () => {
    const [a, b] = [discovery(A), discovery(B)];
    assert.deepEqual(await a.discover(), []);
    await a.register();
    await b.register();
    await b.register();
    assert.deepEqual(await a.discover(), [A, B]);
    await b.unregister();
    assert.deepEqual(await a.discover(), [A]);
    await b.register();
    assert.deepEqual(await a.discover(), [A, B]);
    await b.stop();
    assert.deepEqual(await a.discover(), [A]);
    await assert.rejects(b.discover(), { code: 'STOPPED' });
    assert.deepEqual(warnings, []);
  });

  it('keeps its entry under <prefix>/ekkacl/nodes/<node>', async () => {
    await discovery(A).register();
    assert.equal(await etcd.get(`${prefix}/ekkacl/nodes/${A}`), A);
  });

  it('does not see the nodes of another prefix', async () => {
    const a = discovery(A);
    await a.register();
    const other = discovery(B, { prefix: `${prefix}-other` });
    await other.register();
    assert.deepEqual(await a.discover(), [A]);
  });

  it('keeps an entry for longer than its lease, and loses it within seconds of kill -9', async () => {
    const a = discovery(A);
    const b = remote(B);
    await b.ask('register');
    // Longer than the lease of 5 s: it must have been kept alive.
    await new Promise((resolve) => setTimeout(resolve, 6500));
    assert.deepEqual(await a.discover(), [B]);
    await b.kill();
    assert.deepEqual(await a.discover(), [B]);
    const killedAt = performance.now();
    await eventually(async () => assert.deepEqual(await a.discover(), []));
    const tookMs = performance.now() - killedAt;
    assert.ok(tookMs < 9000, `${tookMs} ms`);
  });

  it('gives the lock to one at a time, each in its turn', async () => {
    let holders = 0;
    let most = 0;
    const work = async (self: string): Promise<void> => {
      const unlock = await discovery(self).lock();
      most = Math.max(most, ++holders);
      await new Promise((resolve) => setTimeout(resolve, 100));
      holders--;
      await unlock();
    };
    await Promise.all(Array.from({ length: 4 }, (_, n) => work(`emqx@10.0.0.${n + 1}`)));
    assert.equal(most, 1);
  });

  it('gives the lock on when its holder is killed', async () => {
    const b = remote(B);
    await b.ask('lock');
    assert.equal(await etcd.get(`${prefix}/ekkacl/lock/`), B);
    let unlock: (() => Promise<void>) | undefined;
    const had = discovery(A)
      .lock()
      .then((release) => {
        unlock = release;
      });
    // The holder keeps it alive beyond the lease.
    await new Promise((resolve) => setTimeout(resolve, 6500));
    assert.equal(unlock, undefined);
    await b.kill();
    await had;
    assert.equal(await etcd.get(`${prefix}/ekkacl/lock/`), A);
    await unlock!();
    assert.equal(await etcd.get(`${prefix}/ekkacl/lock/`), '');
  });

  it('stops while it waits for the lock, and gives up one that it has', async () => {
    const a = discovery(A);
    await a.lock();
    const b = discovery(B);
    const rejected = assert.rejects(b.lock(), { code: 'STOPPED' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await b.stop();
    await rejected;
    await a.stop();
    assert.equal(await etcd.get(`${prefix}/ekkacl/lock/`), '');
  });

  it('is in the list again after etcd has forgotten it', async () => {
    const server = await startEtcd('forgetful');
    const a = discovery(A, { server: server.url });
    await a.register();
    await server.kill();
    await server.forget();
    await server.start();
    await eventually(async () => assert.deepEqual(await a.discover(), [A]), 25_000);
    assert.match(warnings[0]!, /etcd has dropped the entry of emqx@10\.0\.0\.1/);
  });

  it('says so when etcd is not there, and asks it once it is', async () => {
    const server = await startEtcd('late');
    await server.kill();
    const a = discovery(A, { server: server.url });
    await fails(a.discover(), 'ETCD_UNREACHABLE', new RegExp(server.url));
    await fails(a.lock(), 'ETCD_UNREACHABLE', /does it run/);
    await server.start();
    await eventually(async () => assert.deepEqual(await a.discover(), []));
  });

  it('asks another member when one is not there', async () => {
    const server = `http://127.0.0.1:${await freePort()},${etcd.url}`;
    const a = discovery(A, { server });
    for (let round = 0; round < 5; round++) assert.deepEqual(await a.discover(), []);
  });

  it('says so when what listens does not answer', async () => {
    const port = await freePort();
    const connections: Socket[] = [];
    const mute = createServer((socket) => connections.push(socket)).listen(port, '127.0.0.1');
    await once(mute, 'listening');
    try {
      const server = `http://127.0.0.1:${port}`;
      await fails(discovery(A, { server, timeoutMs: 500 }).discover(), 'ETCD_TIMEOUT', /500 ms/);
    } finally {
      for (const socket of connections) socket.destroy();
      mute.close();
    }
  });

  it('is refused without the password where etcd wants one', async () => {
    const server = await startEtcd('guarded');
    await server.protect('root', 'root-password');
    await fails(
      discovery(A, { server: server.url }).discover(),
      'ETCD_DENIED',
      /refuses this node/,
    );
    const wrong = { username: 'root', password: 'guess' };
    await fails(
      discovery(A, { server: server.url, auth: wrong }).discover(),
      'ETCD_DENIED',
      /authentication failed/,
    );
    const a = discovery(A, {
      server: server.url,
      auth: { username: 'root', password: 'root-password' },
    });
    await a.register();
    assert.deepEqual(await a.discover(), [A]);
  });

  it('uses TLS in both directions, and says what is wrong with a certificate', async () => {
    const ca = await TestAuthority.create(folder, 'etcd-ca');
    const stranger = await TestAuthority.create(folder, 'stranger-ca');
    const serverPair = await ca.issue('etcd', 'IP:127.0.0.1');
    const client = await ca.issue('client');
    const unknown = await stranger.issue('unknown');
    const { url: server } = await startEtcd('tls', { server: serverPair, ca: ca.certfile });
    const ssl = { enable: true, cacertfile: ca.certfile };

    const a = discovery(A, { server, ssl: { ...ssl, ...client } });
    await a.register();
    assert.deepEqual(await a.discover(), [A]);

    const distrusting = { enable: true, cacertfile: stranger.certfile, ...client };
    await fails(
      discovery(B, { server, ssl: distrusting }).discover(),
      'ETCD_TLS',
      /certificate.*ssl_options/,
    );
    for (const refused of [ssl, { ...ssl, ...unknown }]) {
      await assert.rejects(
        discovery(B, { server, ssl: refused }).discover(),
        (error) => error instanceof DiscoveryError && /^ETCD_(TLS|UNREACHABLE)$/.test(error.code),
      );
    }
  });
});
