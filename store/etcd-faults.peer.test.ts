import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Etcd3 } from 'etcd3';
import { EtcdStore, StoreError } from './mod.js';
import type { Store, Write } from './store.js';
import { put, remove } from './testing/contract.js';
import { type EtcdCluster, startCluster } from './testing/etcd-cluster.js';
import { Ledger } from './testing/ledger.js';
import { Recorder, record, stateOf } from './testing/recorder.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function leaderOf({ endpoints }: EtcdCluster): Promise<number> {
  for (;;) {
    for (const [index, hosts] of endpoints.entries()) {
      const client = new Etcd3({ hosts, defaultCallOptions: { deadline: Date.now() + 1000 } });
      try {
        const { leader, header } = await client.maintenance.status();
        if (leader === header.member_id) return index;
      } catch {
        // Down just now.
      } finally {
        client.close();
      }
    }
    await pause(100);
  }
}

async function compact(endpoints: readonly string[], revision: number): Promise<void> {
  const client = new Etcd3({ hosts: [...endpoints] });
  try {
    await client.kv.compact({ revision });
  } finally {
    client.close();
  }
}

/** Writes that may happen twice, tried again while a leader is elected. */
async function untilCommitted(store: Store, writes: readonly Write[]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await store.commit(writes);
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'UNAVAILABLE' || tries > 10) throw error;
    }
  }
}

/** Three members under a load of commits with a watch on them; what the fault does not hit must go on. */
describe('etcd with three members under load loses no acknowledged write and no change', () => {
  let cluster: EtcdCluster;
  let stores = 0;
  before(async () => {
    cluster = await startCluster(3);
  });
  after(() => cluster.stop());

  const open = (endpoints = cluster.endpoints): Promise<EtcdStore> =>
    EtcdStore.open({ endpoints, namespace: `faults/${stores}/`, requestTimeoutMs: 3000 });

  /** Stops the process of a member for that time, as a machine that is overloaded or suspended does. */
  async function stopFor(index: number, ms: number): Promise<void> {
    const pid = cluster.members[index]!.pid as number;
    process.kill(pid, 'SIGSTOP');
    try {
      await pause(ms);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  /** Resolves when it is seen to be gone. */
  async function kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { pid } = cluster.members[index]!;
    process.kill(pid as number, signal);
    for (let tries = 0; cluster.members[index]!.pid === pid; tries++) {
      assert.ok(tries < 500, `member ${index} goes on after ${signal}`);
      await pause(20);
    }
  }

  async function untilAllUp(): Promise<void> {
    for (let tries = 0; cluster.members.some(({ pid }) => pid === undefined); tries++) {
      assert.ok(tries < 300, cluster.lines.join('\n'));
      await pause(100);
    }
  }

  const faults: [string, () => Promise<void>][] = [
    ['while the member it asks is stopped for 5 s', () => stopFor(0, 5000)],
    ['while the leader is stopped for 5 s', async () => stopFor(await leaderOf(cluster), 5000)],
    ['when the leader is killed', async () => kill(await leaderOf(cluster))],
    ['when the member it asks is killed', async () => kill(0)],
    [
      'when all members are killed at once',
      async () => {
        await Promise.all([0, 1, 2].map((index) => kill(index)));
      },
    ],
    [
      'while all members are restarted one after the other, twice',
      async () => {
        for (const index of [0, 1, 2, 0, 1, 2]) {
          await kill(index, 'SIGTERM');
          await untilAllUp();
          await pause(1000);
        }
      },
    ],
  ];
  for (const [sentence, fault] of faults) {
    it(sentence, { timeout: 120_000 }, async () => {
      stores++;
      const [store, watching] = [await open(), await open()];
      try {
        const { revision } = await store.read('none');
        const ledger = new Ledger(store, watching, 'l/', revision + 1);
        await ledger.more(200);
        await fault();
        await untilAllUp();
        await ledger.more(200);
        await ledger.check();
      } finally {
        await store.close();
        await watching.close();
      }
    });
  }

  it('hands a watch that fell behind a compaction over to a new read, again and again', async () => {
    stores++;
    const others = cluster.endpoints.slice(1);
    const [store, watching] = [await open(others), await open(cluster.endpoints.slice(0, 1))];
    const state = new Map<string, string>();
    let compactions = 0;
    const again = (): void => void follow().catch(again);
    const follow = async (): Promise<void> => {
      const { entries, revision } = await watching.read('l/');
      state.clear();
      for (const [key, value] of stateOf(entries)) state.set(key, value);
      watching.watch('l/', revision + 1, {
        changes: (changes) => {
          for (const { key, value } of changes) {
            if (value === undefined) state.delete(key);
            else state.set(key, value.toString('latin1'));
          }
        },
        compacted: () => {
          compactions++;
          again();
        },
      });
    };
    try {
      await follow();
      for (let round = 0; round < 3; round++) {
        const writes = Array.from({ length: 100 }, (_, index) => put(`l/${index}`, `${round}`));
        await untilCommitted(store, [...writes, remove(`l/${round}`)]);
        await kill(0);
        // Behind its back, while it is cut off: what it needs next is gone when it comes back.
        await untilCommitted(store, [...writes, remove(`l/${round + 1}`)]);
        const { revision } = await store.read('none');
        await compact(others, revision);
        await untilAllUp();
      }
      await untilCommitted(store, [put('l/last')]);
      for (let tries = 0; !state.has('l/last'); tries++) {
        assert.ok(tries < 300);
        await pause(50);
      }
      assert.deepEqual(state, stateOf((await store.read('l/')).entries));
      const { revision } = await store.read('none');
      await compact(others, revision);
      const { recorder } = record(watching, 'l/', revision - 5);
      await recorder.until(() => recorder.compactions === 1);
      assert.deepEqual(recorder.all, []);
    } finally {
      await store.close();
      await watching.close();
    }
    assert.ok(compactions > 0, 'the watch was overtaken at least once');
  });

  it('takes a lease for lost when etcd let it run out, and says so once', async () => {
    stores++;
    const stopped = (await leaderOf(cluster)) === 2 ? 1 : 2;
    const cutOff = await open([cluster.endpoints[stopped] as string]);
    const other = await open();
    try {
      let lost = 0;
      const lease = await cutOff.lease(2000, () => lost++);
      await cutOff.commit([put('l', 'v', lease.id)]);
      await stopFor(stopped, 6000);
      for (let tries = 0; lost === 0; tries++) {
        assert.ok(tries < 200);
        await pause(50);
      }
      assert.deepEqual((await other.read('l')).entries, []);
      await assert.rejects(cutOff.commit([put('l', 'v', lease.id)]), { code: 'LEASE_GONE' });
      await lease.revoke();
      assert.equal(lost, 1);
    } finally {
      await cutOff.close();
      await other.close();
    }
  });

  it('keeps a lease through a change of leader and through restarts', async () => {
    stores++;
    const store = await open();
    try {
      let lost = 0;
      const lease = await store.lease(5000, () => lost++);
      await store.commit([put('l', 'v', lease.id)]);
      await kill(await leaderOf(cluster));
      await pause(7000);
      await untilAllUp();
      assert.equal((await store.read('l')).entries[0]?.lease, lease.id);
      assert.equal(lost, 0);
    } finally {
      await store.close();
    }
  });

  it('says whether it answers to a watch, and UNAVAILABLE to who asks, while it has no quorum', async () => {
    stores++;
    const store = await open();
    const stopped = [0, 1, 2].map((index) => cluster.members[index]!.pid as number);
    try {
      const { revision } = await store.read('none');
      const { recorder } = record(store, 'l', revision + 1);
      await recorder.until(() => recorder.connections.length === 1);
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
      await assert.rejects(store.commit([put('l')]), { code: 'UNAVAILABLE' });
      await assert.rejects(store.read('l'), { code: 'UNAVAILABLE' });
      await recorder.until(() => recorder.connections.length >= 2, 30_000);
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
      await recorder.until(() => recorder.connections.length >= 3, 30_000);
      assert.deepEqual(recorder.connections.slice(0, 3), [true, false, true]);
      await store.commit([put('l/2')]);
      await recorder.until(() => recorder.state.has('l/2'));
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
      await store.close();
    }
  });
});

describe('etcd with a small quota', () => {
  it('is FULL for puts, still reads and deletes, and goes on after room was made', async () => {
    const cluster = await startCluster(1, { quotaBytes: 8 * 1024 * 1024 });
    const store: Store = await EtcdStore.open({ endpoints: cluster.endpoints });
    const client = new Etcd3({ hosts: cluster.endpoints });
    try {
      let count = 0;
      await assert.rejects(
        async () => {
          for (;;) await store.commit([put(`k/${count++}`, 'x'.repeat(200_000))]);
        },
        (error) =>
          error instanceof StoreError && error.code === 'FULL' && /quota/.test(error.message),
      );
      const { entries } = await store.read('k/');
      // etcd carries out the write that takes it over its quota, and refuses it all the same.
      assert.ok([count - 1, count].includes(entries.length), `${entries.length} of ${count}`);
      await store.commit(entries.map(({ key }) => remove(key)));
      const { revision } = await store.read('k/');
      await client.kv.compact({ revision, physical: true });
      await client.maintenance.defragment();
      const { alarms } = await client.maintenance.alarm({ action: 'Get' });
      for (const { memberID, alarm } of alarms) {
        await client.maintenance.alarm({ action: 'Deactivate', memberID, alarm });
      }
      await store.commit([put('again')]);
    } finally {
      client.close();
      await store.close();
      await cluster.stop();
    }
  });

  it('is FULL for a value larger than a request may be', async () => {
    const cluster = await startCluster(1);
    const store = await EtcdStore.open({ endpoints: cluster.endpoints });
    try {
      const large = (bytes: number) => [{ operations: [{ put: 'k', value: Buffer.alloc(bytes) }] }];
      await store.commit([...large(3_000_000), ...large(3_000_000)]);
      await assert.rejects(store.commit(large(20_000_000)), { code: 'FULL' });
      const recorder = new Recorder(true);
      store.watch('k', 1, recorder);
      await recorder.until(() => recorder.all.length === 2);
      assert.equal((await store.read('k')).entries[0]!.value.length, 3_000_000);
    } finally {
      await store.close();
      await cluster.stop();
    }
  });
});
