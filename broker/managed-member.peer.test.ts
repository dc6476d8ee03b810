import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EtcdStore, type ManagedEtcd } from '../store/mod.js';
import { load } from './config/testing/load-text.js';
import { startMember } from './managed-member.js';

const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-members-'));
const network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
const NAMES = [1, 2, 3].map((number) => `core${number}@${network}.${number}`);
const NAMESPACE = 'fleetgauge/c/';
const ports = { client: 0, peer: 0 };

async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    const server = createTcpServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, `${network}.1`, () => resolve(true));
    });
    server.close();
    if (isFree) return port;
  }
}

// Real etcd (package etcd-server): the members of three cores with one config, each on an address of its own.
describe('the etcd members of three cores', () => {
  const running = new Map<string, ManagedEtcd>();
  const lines: string[] = [];

  async function start(
    name: string,
    { cookie = 'a long random text', timeoutMs = 20_000 } = {},
  ): Promise<void> {
    const { config } = load(`
      node { name = "${name}", cookie = "${cookie}", data_dir = "${join(folder, name)}" }
      cluster { name = c, core_nodes = ${JSON.stringify(NAMES)} }
      cluster.store { engine = managed, client_port = ${ports.client}, peer_port = ${ports.peer} }`);
    const others = NAMES.filter((each) => each !== name).map((each) => {
      return { name: each, host: each.split('@')[1] as string, port: 5370 };
    });
    const say = (line: string): void => {
      lines.push(`${name}: ${line}`);
    };
    running.set(name, await startMember(config, async () => others, say, timeoutMs));
  }
  const stop = async (name: string): Promise<void> => {
    await running.get(name)?.stop();
    running.delete(name);
  };
  const stopAll = (): Promise<unknown> => Promise.all(NAMES.map(stop));
  const names = async (): Promise<string[]> => {
    const [one] = running.values();
    return ((await one?.members()) ?? []).map(({ name }) => name).sort();
  };
  const value = async (): Promise<string | undefined> => {
    const [one] = running.values() as Iterable<ManagedEtcd>;
    const { tls } = one!;
    const endpoints = one!.endpoints();
    const store = await EtcdStore.open({ endpoints, namespace: NAMESPACE, ...(tls && { tls }) });
    try {
      const found = (await store.read('k')).entries[0]?.value.toString();
      await store.commit([{ operations: [{ put: 'k', value: Buffer.from('kept') }] }]);
      return found;
    } finally {
      await store.close();
    }
  };

  before(async () => {
    ports.client = await freePort();
    do ports.peer = await freePort();
    while (ports.peer === ports.client);
  });
  after(async () => {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('begin as one when all are started at once', async () => {
    await Promise.all(NAMES.map((name) => start(name)));
    assert.deepEqual(await names(), NAMES);
    assert.equal(await value(), undefined);
  });

  it('go on when all were stopped and are started at once, none waiting for another', async () => {
    await stopAll();
    lines.length = 0;
    await Promise.all(NAMES.map((name) => start(name)));
    assert.deepEqual(await names(), NAMES);
    assert.equal(await value(), 'kept');
    assert.deepEqual(lines, []);
  });

  it('do not begin anew at the first by name while another waits for a quorum', async () => {
    const [first, second, third] = NAMES as [string, string, string];
    await stopAll();
    rmSync(join(folder, first), { recursive: true });
    const waiting = start(second);
    await assert.rejects(start(first, { timeoutMs: 2500 }), {
      code: 'UNAVAILABLE',
      message: /has no quorum, and this node has no data to give it one: start the other cores/,
    });
    assert.ok(!existsSync(join(folder, first, 'etcd')));
    await Promise.all([waiting, start(third)]);
    assert.equal(await value(), 'kept');
  });

  it('keep their data from a cluster that the first began without its own, and take it back', async () => {
    const [first, second, third] = NAMES as [string, string, string];
    await stopAll();
    await start(first);
    for (const name of [second, third]) {
      await assert.rejects(start(name), {
        code: 'BAD_CONFIG',
        message: /the etcd of 'core1@.*' is another cluster .* start this node before it/,
      });
    }
    await stop(first);
    rmSync(join(folder, first), { recursive: true });
    await Promise.all([start(second), start(third)]);
    await start(first);
    assert.deepEqual(await names(), NAMES);
    assert.equal(await value(), 'kept');
  });

  it('are strangers to a core of another cookie, which says so at once', async () => {
    const [first, ...others] = NAMES as [string];
    await stop(first);
    const wrong = {
      code: 'BAD_CONFIG',
      message: /node\.cookie and cluster\.name must be the same/,
    };
    await assert.rejects(start(first, { cookie: 'other' }), wrong);
    for (const name of others) await stop(name);
    // Whatever answers there without TLS is one as well.
    const server = createServer((_, response) => response.end());
    server.listen(ports.client, `${network}.2`);
    try {
      await assert.rejects(start(first), wrong);
    } finally {
      server.close();
      server.closeAllConnections();
    }
    assert.equal((server.address() as AddressInfo | null)?.port, undefined);
  });
});
