import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CookieCertificates } from './cookie-certificates.js';
import { EtcdEndpoints } from './etcd-endpoints.js';
import { argsOf } from './etcd-flags.js';
import { EtcdKeys } from './etcd-keys.js';
import { EtcdMembers } from './etcd-members.js';
import { connectedPeers } from './etcd-probe.js';
import { EtcdProcess } from './etcd-process.js';
import { writeIdentity } from './identity-files.js';
import { dataIn, EtcdStore, ManagedEtcd, type ManagedEtcdOptions } from './mod.js';
import { retryUntil } from './retry.js';
import { put } from './testing/contract.js';
import { certificatesOf, memberIn, until } from './testing/members.js';

// Real etcd (package etcd-server): three members, of which the third goes and comes back.
describe('a member of managed etcd that was away', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-return-'));
  let certificates: CookieCertificates;
  let first: ManagedEtcd;
  let second: ManagedEtcd;
  let third: ManagedEtcd;
  let options: Omit<ManagedEtcdOptions, 'initialCluster'>;
  const lines: string[] = [];
  const all: ManagedEtcd[] = [];
  const start = async (chosen: ManagedEtcdOptions): Promise<ManagedEtcd> => {
    const member = await ManagedEtcd.start({
      ...chosen,
      certificates,
      say: (line) => lines.push(line),
    });
    all.push(member);
    return member;
  };
  const comeBack = async (): Promise<void> => {
    lines.length = 0;
    const initialCluster = { join: [first.clientUrl, second.clientUrl] };
    third = await start({ ...options, initialCluster });
  };
  const idOf = async (name: string): Promise<string | undefined> =>
    (await first.members()).find((each) => each.name === name)?.id;
  /** All three have a vote, and the third has what was written. */
  const checkWhole = async (): Promise<void> => {
    const members = await first.members();
    assert.deepEqual(members.map(({ name }) => name).sort(), ['m1', 'm2', 'm3']);
    assert.ok(members.every(({ isLearner }) => !isLearner));
    const store = await EtcdStore.open({
      endpoints: [third.clientUrl],
      tls: certificates.client,
    });
    try {
      assert.equal((await store.read('k')).entries[0]?.value.toString(), 'kept');
    } finally {
      await store.close();
    }
  };

  before(async () => {
    certificates = await certificatesOf('cookie');
    first = await start({ ...(await memberIn(folder, 'm1')), initialCluster: 'new' });
    const initialCluster = { join: [first.clientUrl] };
    second = await start({ ...(await memberIn(folder, 'm2')), initialCluster });
    options = await memberIn(folder, 'm3');
    third = await start({ ...options, initialCluster });
    const store = await EtcdStore.open({
      endpoints: first.endpoints(),
      tls: certificates.client,
    });
    await store.commit([put('k', 'kept')]);
    await store.close();
  });
  after(async () => {
    await Promise.all(all.map((member) => member.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes on under its old id where its data are whole, and says nothing', async () => {
    const before = await idOf('m3');
    await third.stop();
    await comeBack();
    assert.equal(await idOf('m3'), before);
    assert.deepEqual(lines, []);
    await checkWhole();
  });

  it('leaves its store to the others while its etcd is dead', async () => {
    const store = await EtcdStore.open({ endpoints: [third.clientUrl], tls: certificates.client });
    try {
      third.keepCurrent(store);
      const revisions: number[] = [];
      store.watch('', 1, {
        changes: (changes) => revisions.push(...changes.map(({ revision }) => revision)),
        compacted: () => assert.fail('compacted'),
      });
      const lease = await store.lease(5000, () => assert.fail('the lease was lost'));
      await third.stop();
      const write = () => store.commit([put('k', 'kept', lease.id)]);
      await until(
        () =>
          write().then(
            () => true,
            () => false,
          ),
        5000,
      );
      const last = (await write())[0]?.revision;
      await until(() => revisions.at(-1) === last, 5000);
      await store.commit([put('k', 'kept')]);
    } finally {
      await store.close();
    }
    await comeBack();
  });

  it('is added anew without its data folder', async () => {
    const before = await idOf('m3');
    await third.stop();
    rmSync(options.dataDir, { recursive: true });
    await comeBack();
    assert.notEqual(await idOf('m3'), before);
    await checkWhole();
  });

  const losses: [string, () => void, RegExp][] = [
    [
      'its log',
      () => rmSync(join(options.dataDir, 'member', 'wal'), { recursive: true }),
      /of no use .* it is added anew; they are in '.*member\.old'$/,
    ],
    [
      'the content of its database',
      () => writeFileSync(join(options.dataDir, 'member', 'snap', 'db'), Buffer.alloc(65_536, 7)),
      /are damaged: it is added anew/,
    ],
  ];
  for (const [what, lose, said] of losses) {
    it(`is added anew without ${what}, and what it had is put aside`, async () => {
      const before = await idOf('m3');
      await third.stop();
      lose();
      await comeBack();
      assert.notEqual(await idOf('m3'), before);
      assert.match(lines.join('\n'), said);
      assert.ok(existsSync(join(options.dataDir, 'member.old')));
      await checkWhole();
    });
  }

  it('is added anew with data of a member that was taken out meanwhile', async () => {
    await third.stop();
    await first.remove('m3');
    await comeBack();
    assert.match(lines.join('\n'), /of no use/);
    await checkWhole();
  });

  it('gets its vote where it was stopped before it had it', async () => {
    await third.stop();
    await first.remove('m3');
    rmSync(options.dataDir, { recursive: true });
    const access = {
      endpoints: [first.clientUrl],
      tls: certificates.client,
      requestTimeoutMs: 5000,
    };
    const admin = new EtcdMembers(new EtcdEndpoints(access, new EtcdKeys('')));
    const identity = await writeIdentity(join(folder, 'own'), certificates.server);
    const flags = { quotaBytes: 2 ** 30, listen: ['127.0.0.1'], identity, token: '' };
    const cluster = await retryUntil(performance.now() + 10_000, () =>
      admin.add('m3', third.peerUrl),
    );
    const etcd = new EtcdProcess({
      args: argsOf({ ...options, ...flags, cluster, state: 'existing' }),
      path: process.env.PATH ?? '',
      died: () => undefined,
    });
    try {
      await until(async () => (await idOf('m3')) !== undefined);
    } finally {
      await etcd.stop();
      admin.close();
    }
    assert.ok((await first.members()).some(({ isLearner }) => isLearner));
    await comeBack();
    await checkWhole();
  });

  it('is refused while another one of its name runs, which stays', async () => {
    const before = await idOf('m3');
    const twin = { ...(await memberIn(join(folder, 'elsewhere'), 'm3')), certificates };
    const initialCluster = { join: [first.clientUrl] };
    await assert.rejects(ManagedEtcd.start({ ...twin, initialCluster }), {
      code: 'BAD_CONFIG',
      message: /'m3' is in the cluster and runs \(at https.*stop the other node of this name/,
    });
    assert.equal(await idOf('m3'), before);
    await checkWhole();
  });

  it('is known to run, or not, by the members that are connected to it', async () => {
    const id = (await idOf('m3')) as string;
    const isSeen = async () => (await connectedPeers(first.clientUrl, certificates.client)).has(id);
    await until(isSeen);
    await third.stop();
    await until(async () => !(await isSeen()), 10_000);
    await comeBack();
  });

  it('cannot begin alone on half of its data', async () => {
    await third.stop();
    rmSync(join(options.dataDir, 'member', 'wal'), { recursive: true });
    const alone = ManagedEtcd.start({ ...options, certificates, initialCluster: 'new' });
    await assert.rejects(alone, { code: 'BAD_CONFIG', message: /gone in part: start it while/ });
    await comeBack();
    await checkWhole();
  });

  it('is not added anew where those that are left have no quorum, and it stays their member', async () => {
    const before = await idOf('m3');
    await third.stop();
    await second.stop();
    rmSync(options.dataDir, { recursive: true });
    const initialCluster = { join: [first.clientUrl] };
    const alone = { ...options, certificates, startTimeoutMs: 1000, initialCluster };
    await assert.rejects(ManagedEtcd.start(alone), { code: 'UNAVAILABLE' });
    assert.equal(dataIn(options.dataDir), 'none');
    const [clientPort, peerPort] = [second.clientUrl, second.peerUrl].map((url) =>
      Number(new URL(url).port),
    ) as [number, number];
    const again = { ...(await memberIn(folder, 'm2')), clientPort, peerPort };
    second = await start({ ...again, initialCluster: 'new' });
    assert.equal(await idOf('m3'), before);
  });
});
