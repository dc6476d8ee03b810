import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EtcdStore, ManagedEtcd, presenceAt } from './mod.js';
import { put } from './testing/contract.js';
import { certificatesOf, memberIn } from './testing/members.js';

/** What a stranger gets over TLS, whatever the server shows it. */
function overTls(url: string, more: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(url, { rejectUnauthorized: false, ...more }, (response) => {
      response.resume();
      resolve(`status ${response.statusCode}`);
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

// Real etcd (package etcd-server): two members that share a cookie and nothing else.
describe('managed etcd with certificates that follow from a cookie', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-tls-'));
  let first: ManagedEtcd;
  let second: ManagedEtcd;
  const warnings: string[] = [];
  process.on('warning', ({ message }) => warnings.push(message));
  before(async () => {
    first = await ManagedEtcd.start({
      ...(await memberIn(folder, 'm1')),
      certificates: await certificatesOf('cookie'),
      initialCluster: 'new',
    });
    second = await ManagedEtcd.start({
      ...(await memberIn(folder, 'm2')),
      certificates: await certificatesOf('cookie'),
      initialCluster: { join: [first.clientUrl] },
    });
  });
  after(async () => {
    await second?.stop();
    await first?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves who has the cookie, of all members, without a warning of Node', async () => {
    const { client: tls } = await certificatesOf('cookie');
    const store = await EtcdStore.open({ endpoints: [second.clientUrl, first.clientUrl], tls });
    try {
      await store.commit([put('k', 'secret')]);
      assert.equal((await store.read('k')).entries.length, 1);
    } finally {
      await store.close();
    }
    assert.equal(await presenceAt({ client: first.clientUrl, peer: first.peerUrl }, tls), 'serves');
    assert.deepEqual(warnings, []);
  });

  it('gives nothing to who speaks HTTP', async () => {
    for (const url of [first.clientUrl, first.peerUrl]) {
      for (const path of ['/health', '/version', '/metrics', '/members', '/v3/kv/range']) {
        const answer = await fetch(`${url.replace('https', 'http')}${path}`).catch(() => undefined);
        // Go answers who speaks HTTP to a TLS port in plain text.
        assert.ok(answer === undefined || answer.status === 400, `${path}: ${answer?.status}`);
      }
    }
    const endpoints = [first.clientUrl.replace('https', 'http')];
    const open = EtcdStore.open({ endpoints, requestTimeoutMs: 1000 });
    await assert.rejects(open, { name: 'StoreError' });
  });

  it('gives nothing to who has no certificate, or one of another cookie or cluster', async () => {
    const strangers = [
      {},
      (await certificatesOf('another')).client,
      (await certificatesOf('cookie', 'another')).client,
    ];
    for (const stranger of strangers) {
      for (const url of [first.clientUrl, first.peerUrl]) {
        for (const path of ['/health', '/metrics', '/members', '/raft/probing']) {
          const got = await overTls(`${url}${path}`, stranger);
          assert.match(got, /^(ECONNRESET|EPIPE|ERR_SSL)/, `${url}${path}: ${got}`);
        }
      }
    }
    const { ca } = (await certificatesOf('cookie')).client;
    const endpoints = [first.clientUrl];
    const open = EtcdStore.open({ endpoints, tls: { ca }, requestTimeoutMs: 1000 });
    await assert.rejects(open, { name: 'StoreError' });
    // The control: what the strangers ask for is there.
    const known = await certificatesOf('cookie');
    assert.equal(await overTls(`${first.clientUrl}/health`, known.client), 'status 200');
    assert.equal(await overTls(`${first.peerUrl}/members`, known.server), 'status 200');
  });

  it('takes no member with another cookie, and is a stranger to it', async () => {
    const certificates = await certificatesOf('another');
    assert.equal(
      await presenceAt({ client: first.clientUrl, peer: first.peerUrl }, certificates.client),
      'stranger',
    );
    const options = { ...(await memberIn(folder, 'm3')), certificates };
    const initialCluster = { join: [first.clientUrl, second.clientUrl] };
    await assert.rejects(ManagedEtcd.start({ ...options, initialCluster }), {
      code: 'BAD_CONFIG',
    });
    assert.equal((await first.members()).length, 2);
  });

  it('keeps its key in files that only their owner can read', () => {
    for (const whose of ['member', 'client']) {
      const tls = join(folder, 'm1', 'tls', whose);
      assert.equal(statSync(tls).mode & 0o777, 0o700);
      for (const file of ['ca.pem', 'cert.pem', 'key.pem']) {
        assert.equal(statSync(join(tls, file)).mode & 0o777, 0o600);
      }
    }
  });

  it('listens at the addresses of its name, and at no other', async () => {
    const lines: string[] = [];
    const member = await ManagedEtcd.start({
      ...(await memberIn(folder, 'named')),
      host: 'localhost',
      certificates: await certificatesOf('cookie', 'c', 'localhost'),
      initialCluster: 'new',
      say: (line) => lines.push(line),
    });
    try {
      assert.deepEqual(lines, []);
      const at = (host: string) => overTls(`${member.clientUrl.replace('localhost', host)}/health`);
      assert.match(await at('127.0.0.1'), /^(ECONNRESET|EPIPE|ERR_SSL)/);
      assert.equal(await at('127.0.0.2'), 'ECONNREFUSED');
      const store = await EtcdStore.open({
        endpoints: member.endpoints(),
        ...(member.tls && { tls: member.tls }),
      });
      await store.close();
    } finally {
      await member.stop();
    }
  });
});
