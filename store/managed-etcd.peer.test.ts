import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { copyStore, EmbeddedStore, EtcdStore, ManagedEtcd, StoreError } from './mod.js';
import { put } from './testing/contract.js';
import { startCluster } from './testing/etcd-cluster.js';
import { memberIn, until } from './testing/members.js';

const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-managed-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = (name: string) => memberIn(folder, name);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('managed etcd', () => {
  it('grows from the embedded store, to three members, and shrinks again, with all that is in it', async () => {
    const embedded = new EmbeddedStore();
    await embedded.commit(Array.from({ length: 5000 }, (_, index) => put(`k/${index}`)));
    const cluster = await startCluster(1);
    const [first] = cluster.members as [ManagedEtcd];
    let store: EtcdStore | undefined;
    const joined: ManagedEtcd[] = [];
    try {
      store = await EtcdStore.open({ endpoints: first.endpoints(), namespace: 'fg/' });
      await copyStore(embedded, store);
      first.keepCurrent(store);
      for (const name of ['second', 'third']) {
        const initialCluster = { join: first.endpoints() };
        joined.push(await ManagedEtcd.start({ ...(await options(name)), initialCluster }));
      }
      await until(() => first.endpoints().length === 3, 5000);
      const members = await first.members();
      assert.deepEqual(members.map(({ name }) => name).sort(), ['m1', 'second', 'third']);
      assert.ok(members.every(({ isLearner }) => !isLearner));
      assert.equal(first.endpoints().length, 3);
      assert.equal(first.endpoints()[0], first.clientUrl);
      // The store hears of the others by itself, and goes on with them when the first is no more.
      await first.removeSelf();
      assert.equal(existsSync(join(cluster.folder, 'm1', 'member')), false);
      const [second] = joined as [ManagedEtcd, ManagedEtcd];
      assert.equal((await second.members()).length, 2);
      assert.equal((await store.read('k/')).entries.length, 5000);
      await store.commit([put('after')]);
    } finally {
      await store?.close();
      for (const member of joined) await member.stop();
      await cluster.stop();
    }
  });

  it('starts etcd again when it is killed, with its data, and stops it when told to', async () => {
    const cluster = await startCluster(1);
    const [member] = cluster.members as [ManagedEtcd];
    const store = await EtcdStore.open({ endpoints: cluster.endpoints });
    try {
      await store.commit([put('k')]);
      const pid = member.pid as number;
      process.kill(pid, 'SIGKILL');
      await until(() => member.pid !== undefined && member.pid !== pid);
      assert.equal((await store.read('k')).entries.length, 1);
      assert.match(cluster.lines.join('\n'), /etcd ended \(SIGKILL\)/);
      const last = member.pid as number;
      await member.stop();
      assert.equal(isAlive(last), false);
      assert.equal(member.isRunning, false);
    } finally {
      await store.close();
      await cluster.stop();
    }
  });

  it('goes on being the member it was when it is started on its data again', async () => {
    const chosen = await options('again');
    for (const value of ['one', 'two']) {
      const member = await ManagedEtcd.start({ ...chosen, initialCluster: 'new' });
      const store = await EtcdStore.open({ endpoints: member.endpoints() });
      try {
        const [outcome] = await store.commit([put('k', value)]);
        const before = value === 'one' ? undefined : 'one';
        assert.equal(outcome?.previous[0]?.value.toString(), before);
      } finally {
        await store.close();
        await member.stop();
      }
    }
  });

  it('says which package to install where there is no etcd, and changes nothing in the cluster', async () => {
    const cluster = await startCluster(1);
    try {
      const initialCluster = { join: cluster.endpoints };
      const start = ManagedEtcd.start({ ...(await options('none')), initialCluster, path: folder });
      await assert.rejects(start, (error) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, 'BAD_CONFIG');
        assert.match(error.message, /etcd-server/);
        return true;
      });
      assert.equal((await cluster.members[0]?.members())?.length, 1);
    } finally {
      await cluster.stop();
    }
  });

  it('refuses a port on which another etcd answers, and takes itself out of the cluster again', async () => {
    const cluster = await startCluster(1);
    const [first] = cluster.members as [ManagedEtcd];
    try {
      const taken = {
        ...(await options('taken')),
        clientPort: Number(first.clientUrl.split(':')[2]),
      };
      await assert.rejects(ManagedEtcd.start({ ...taken, initialCluster: 'new' }), {
        code: 'BAD_CONFIG',
      });
      const initialCluster = { join: first.endpoints() };
      const joining = ManagedEtcd.start({ ...taken, initialCluster, startTimeoutMs: 2000 });
      await assert.rejects(joining, /address already in use/);
      const members = await first.members();
      assert.deepEqual(
        members.map(({ name }) => name),
        ['m1'],
      );
      const store = await EtcdStore.open({ endpoints: first.endpoints() });
      await store.commit([put('k')]);
      await store.close();
    } finally {
      await cluster.stop();
    }
  });

  it('leaves no etcd behind when its process is killed', async () => {
    const file = fileURLToPath(new URL('./testing/etcd-owner.js', import.meta.url));
    const { dataDir, clientPort, peerPort } = await options('owned');
    const args = [file, dataDir, String(clientPort), String(peerPort)];
    const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [text] = await once(owner.stdout, 'data');
      const pid = Number(String(text));
      assert.ok(isAlive(pid));
      owner.kill('SIGKILL');
      await until(() => !isAlive(pid), 5000);
    } finally {
      owner.kill('SIGKILL');
    }
  });
});
