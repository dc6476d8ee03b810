import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Etcd3 } from 'etcd3';
import mqtt from 'mqtt';
import { EtcdStore, ManagedEtcd } from '../store/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { type Ended, inFolder, runCli } from './cli-under-test.js';
import { freePort } from './free-port.js';

const HOST = '127.0.0.1';
const QUOTA_BYTES = 4 * 2 ** 20;

/** `broker start` that cannot succeed, as a user sees it: its exit code and what it says. */
function startCore(settings: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const all = [
    'node.name=late@127.0.0.1',
    'node.cookie=c',
    'rpc.port_discovery=manual',
    ...settings,
  ];
  return runCli(['broker', 'start', '--port', '0', ...all.flatMap((each) => ['--set', each])], {
    env,
  });
}

/** One line, which says that, and exit 2. */
function assertRefused({ code, out, err }: Ended, says: RegExp): void {
  const lines = err
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('note: '));
  assert.equal(lines.length, 1, err);
  assert.match(lines[0] ?? '', says);
  assert.deepEqual({ code, out }, { code: 2, out: '' });
}

async function withEtcd(
  more: { quotaBytes?: number },
  test: (etcd: ManagedEtcd, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder({}, async (folder) => {
    const etcd = await ManagedEtcd.start({
      name: 'm',
      dataDir: join(folder, 'etcd'),
      host: HOST,
      clientPort: await freePort(HOST),
      peerPort: await freePort(HOST),
      initialCluster: 'new',
      ...more,
    });
    try {
      await test(etcd, folder);
    } finally {
      await etcd.stop();
    }
  });
}

const external = (url: string): string[] => [
  'cluster.store.engine=external',
  `cluster.store.endpoints=${url}`,
];

/** Until nothing fits in any more, be it as small as it may. */
async function fill(store: EtcdStore): Promise<void> {
  const endMs = performance.now() + 20_000;
  const put = (key: string, bytes: number): Promise<boolean> =>
    store.commit([{ operations: [{ put: key, value: Buffer.alloc(bytes) }] }]).then(
      () => true,
      (error: { code?: string }) => {
        assert.equal(error.code, 'FULL');
        return false;
      },
    );
  for (let number = 0; await put(`k${number}`, 500_000); number++) assert.ok(number < 50);
  while (await put('small', 1)) assert.ok(performance.now() < endMs);
}

async function makeRoom(url: string, store: EtcdStore): Promise<void> {
  const { entries } = await store.read('');
  await store.commit(entries.map(({ key }) => ({ operations: [{ delete: key }] })));
  const { revision } = await store.read('');
  const admin = new Etcd3({ hosts: [url] });
  try {
    await admin.kv.compact({ revision, physical: true } as object);
    await admin.maintenance.defragment();
    const { alarms } = await admin.maintenance.alarm({ action: 'Get' });
    for (const { memberID, alarm } of alarms) {
      await admin.maintenance.alarm({ action: 'Deactivate', memberID, alarm });
    }
  } finally {
    admin.close();
  }
}

// Real etcd (package etcd-server).
describe('a core whose etcd', () => {
  it('is not installed ends with 2 and names the package', async () => {
    await inFolder({}, async (folder) => {
      const settings = ['cluster.store.engine=managed', `node.data_dir=${folder}`];
      const ended = await startCore(settings, { PATH: folder });
      assertRefused(ended, /no program 'etcd' on the PATH: install .*etcd-server/);
    });
  });

  it('does not answer ends with 2 and says where it asked', async () => {
    const url = `http://${HOST}:${await freePort(HOST)}`;
    assertRefused(await startCore(external(url)), new RegExp(`etcd at ${url} does not answer`));
  });

  it('wants a password ends with 2 without it, and with a wrong one', async () => {
    await withEtcd({}, async ({ clientUrl }) => {
      const admin = new Etcd3({ hosts: [clientUrl] });
      try {
        await admin.auth.userAdd({ name: 'root', password: 'right' } as object);
        await admin.auth.userGrantRole({ user: 'root', role: 'root' } as object);
        await admin.auth.authEnable();
      } finally {
        admin.close();
      }
      assertRefused(await startCore(external(clientUrl)), /etcd wants a user name and a password/);
      const wrong = ['cluster.store.username=root', 'cluster.store.password=wrong'];
      const ended = await startCore([...external(clientUrl), ...wrong]);
      assertRefused(ended, /etcd refuses these credentials/);
      assert.doesNotMatch(ended.err, /right|wrong/);
    });
  });

  it('is full keeps its clients and says so; one that starts ends with 2', async () => {
    await withEtcd({ quotaBytes: QUOTA_BYTES }, async ({ clientUrl }, folder) => {
      const env = { XDG_RUNTIME_DIR: join(folder, 'runtime') };
      const name = 'core1@127.0.0.1';
      const broker = await startBrokerProcess({
        env,
        settings: {
          'node.name': name,
          'node.cookie': 'c',
          'rpc.port_discovery': 'manual',
          'rpc.tcp_server_port': String(await freePort(HOST)),
          'cluster.store.engine': 'external',
          'cluster.store.endpoints': clientUrl,
        },
      });
      const url = `mqtt://${HOST}:${broker.port}`;
      const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
      const filler = await EtcdStore.open({ endpoints: [clientUrl], namespace: 'other/' });
      try {
        const got: string[] = [];
        client.on('message', (_topic, payload) => got.push(payload.toString()));
        await client.subscribeAsync('t', { qos: 1 });
        await fill(filler);
        // A subscription is taken, and told when there is room again; a new client needs what cannot be written.
        await client.subscribeAsync('u', { qos: 1 });
        await assert.rejects(mqtt.connectAsync(url, { reconnectPeriod: 0 }), /unavailable/i);
        const status = await runCli(['ctl', '--node', name, 'cluster', 'status'], { env });
        assert.match(status.out, /^Alarm: .*etcd has no space left: compact and defragment it/m);
        for (const topic of ['t', 'u']) await client.publishAsync(topic, topic, { qos: 1 });
        assert.deepEqual(got, ['t', 'u']);
        assertRefused(await startCore(external(clientUrl)), /etcd has no space left/);
        await makeRoom(clientUrl, filler);
        const late = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
        await late.endAsync();
        assert.ok(client.connected);
      } finally {
        await client.endAsync(true);
        await filler.close();
        await broker.stop();
      }
    });
  });
});
