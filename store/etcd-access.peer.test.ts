import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Etcd3 } from 'etcd3';
import { EtcdStore, type EtcdStoreOptions } from './mod.js';
import { put } from './testing/contract.js';
import { freePort } from './testing/free-port.js';
import { record } from './testing/recorder.js';

const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-access-'));
const file = (name: string): string => join(folder, name);
const bytes = (name: string): Buffer => readFileSync(file(name));

/** A certificate authority and what it signed: for the server on 127.0.0.1, and for a client. */
function makeCertificates(): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe' });
  };
  const key = (name: string): string[] => [
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file(`${name}.key`),
  ];
  for (const name of ['ca', 'other']) {
    openssl(
      'req',
      '-x509',
      ...key(name),
      '-out',
      file(`${name}.crt`),
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  }
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    openssl('req', ...key(name), '-out', file(`${name}.csr`), '-subj', `/CN=${name}`);
    openssl(
      ...[
        'x509',
        '-req',
        '-in',
        file(`${name}.csr`),
        '-CA',
        file('ca.crt'),
        '-CAkey',
        file('ca.key'),
      ],
      ...['-CAcreateserial', '-out', file(`${name}.crt`), '-days', '2', '-extfile', file('names')],
    );
  }
}

describe('an etcd that asks for a certificate and a password', () => {
  let endpoint = '';
  let stop: () => Promise<unknown> = async () => undefined;
  const tls = () => ({ ca: bytes('ca.crt'), cert: bytes('client.crt'), key: bytes('client.key') });
  const options = (more: Partial<EtcdStoreOptions> = {}): EtcdStoreOptions => ({
    endpoints: [endpoint],
    namespace: 'fleetgauge/',
    username: 'fleetgauge',
    password: 'right',
    tls: tls(),
    requestTimeoutMs: 1500,
    ...more,
  });

  before(async () => {
    makeCertificates();
    endpoint = `https://127.0.0.1:${await freePort()}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    const flags = {
      name: 'm',
      'data-dir': file('data'),
      'listen-client-urls': endpoint,
      'advertise-client-urls': endpoint,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `m=${peer}`,
      'cert-file': file('server.crt'),
      'key-file': file('server.key'),
      'trusted-ca-file': file('ca.crt'),
      'client-cert-auth': 'true',
      // Tokens end while the test runs.
      'auth-token-ttl': '2',
      logger: 'zap',
      'log-level': 'fatal',
    };
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    const etcd = spawn('etcd', args, { stdio: 'inherit' });
    stop = async () => {
      if (etcd.exitCode !== null) return;
      etcd.kill('SIGKILL');
      await once(etcd, 'exit');
    };
    const { ca, cert, key } = tls();
    const admin = new Etcd3({
      hosts: [endpoint],
      credentials: { rootCertificate: ca, certChain: cert, privateKey: key },
    });
    try {
      for (let tries = 0; ; tries++) {
        try {
          await admin.maintenance.status();
          break;
        } catch (error) {
          if (tries > 100) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
      await admin.auth.userAdd({ name: 'root', password: 'root' } as object);
      await admin.auth.userGrantRole({ user: 'root', role: 'root' } as object);
      await admin.auth.roleAdd({ name: 'fleet' } as object);
      await admin.auth.roleGrantPermission({
        name: 'fleet',
        perm: {
          permType: 'Readwrite',
          key: Buffer.from('fleetgauge/'),
          range_end: Buffer.from('fleetgauge0'),
        },
      } as object);
      await admin.auth.userAdd({ name: 'fleetgauge', password: 'right' } as object);
      await admin.auth.userGrantRole({ user: 'fleetgauge', role: 'fleet' } as object);
      await admin.auth.authEnable();
    } finally {
      admin.close();
    }
  });
  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves who has both, also after tokens ran out', async () => {
    const store = await EtcdStore.open(options());
    try {
      const { recorder } = record(store, 'k', 1);
      const lease = await store.lease(2000, () => assert.fail('the lease was lost'));
      await store.commit([put('k', 'one', lease.id)]);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      await store.commit([put('k', 'two', lease.id)]);
      await recorder.until(() => recorder.texts.includes('k=two'));
      assert.deepEqual(recorder.texts, ['k=one', 'k=two']);
      await lease.revoke();
      assert.deepEqual((await store.read('')).entries, []);
    } finally {
      await store.close();
    }
  });

  const ca = (): Buffer => bytes('ca.crt');
  const refused: [string, () => Partial<EtcdStoreOptions>, string][] = [
    ['a wrong password', () => ({ password: 'wrong' }), 'DENIED'],
    ['an unknown user', () => ({ username: 'nobody' }), 'DENIED'],
    ['keys the user has no right to', () => ({ namespace: 'elsewhere/' }), 'DENIED'],
    [
      'another certificate authority',
      () => ({ tls: { ...tls(), ca: bytes('other.crt') } }),
      'BAD_CONFIG',
    ],
    [
      'a certificate without its key',
      () => ({ tls: { ca: ca(), cert: bytes('client.crt') } }),
      'BAD_CONFIG',
    ],
    [
      'certificates for an endpoint without TLS',
      () => ({ endpoints: ['http://127.0.0.1:1'] }),
      'BAD_CONFIG',
    ],
    ['an endpoint that is none', () => ({ endpoints: ['127.0.0.1'] }), 'BAD_CONFIG'],
    ['no client certificate', () => ({ tls: { ca: ca() } }), 'BAD_CONFIG UNAVAILABLE'],
  ];
  for (const [what, more, codes] of refused) {
    it(`refuses ${what} with one line`, async () => {
      await assert.rejects(EtcdStore.open(options(more())), (error: Error & { code: string }) => {
        assert.ok(codes.split(' ').includes(error.code), `${error.code}: ${error.message}`);
        assert.ok(!error.message.includes('\n'), error.message);
        return true;
      });
    });
  }

  it('asks for a user name and a password where there is none', async () => {
    const { username: _, password: __, ...without } = options();
    await assert.rejects(EtcdStore.open(without), { code: 'DENIED', message: /user name/ });
  });
});
