import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { command } from '../broker/cluster/discovery/testing/peer-process.js';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli } from './cli-under-test.js';
import { freePort } from './free-port.js';
import { withPeer } from './testing/peer.js';

const MOSQUITTO = '/usr/sbin/mosquitto';
const DRIVERS = ['lean', 'mqttjs'] as const;

/** The ports of a mosquitto with one listener of each kind. */
interface Ports {
  tcp: number;
  tls: number;
  mutual: number;
  ws: number;
  wss: number;
}

interface Stage {
  cwd: string;
  ports: Ports;
  /** What the broker has said. */
  said(): string;
}

/**
 * A mosquitto with listeners for TCP, TLS, mutual TLS, WebSocket and both, on certificates of a test
 * authority in `certs`. (This mosquitto starts with WebSocket listeners only beside another one.)
 */
async function withMosquitto(play: (stage: Stage) => Promise<void>): Promise<void> {
  const [tcp, tls, mutual, ws, wss] = await Promise.all(
    Array.from({ length: 5 }, () => freePort('127.0.0.1')),
  );
  const ports = { tcp, tls, mutual, ws, wss } as Ports;
  await inFolder({}, async (cwd) => {
    const made = await runCli(['certs', 'certs'], { cwd });
    assert.equal(made.code, 0, made.err);
    // mosquitto, started by root, becomes somebody else and must be able to read its key.
    await chmod(join(cwd, 'certs/server.key'), 0o644);
    await chmod(cwd, 0o755);
    const secure = ['cafile certs/ca.pem', 'certfile certs/server.pem', 'keyfile certs/server.key'];
    const conf = [
      ...['per_listener_settings true', 'log_type all'],
      ...[`listener ${ports.tcp} 127.0.0.1`, 'allow_anonymous true'],
      ...[`listener ${ports.tls} 127.0.0.1`, 'allow_anonymous true', ...secure],
      ...[`listener ${ports.mutual} 127.0.0.1`, ...secure, 'require_certificate true'],
      ...['use_identity_as_username true'],
      ...[`listener ${ports.ws} 127.0.0.1`, 'protocol websockets', 'allow_anonymous true'],
      ...[`listener ${ports.wss} 127.0.0.1`, 'protocol websockets', 'allow_anonymous true'],
      ...secure,
    ];
    await writeFile(join(cwd, 'mosquitto.conf'), `${conf.join('\n')}\n`);
    await withPeer(
      MOSQUITTO,
      ['-c', 'mosquitto.conf'],
      Object.values(ports),
      ({ said }) => play({ cwd, ports, said }),
      cwd,
    );
  });
}

/** Both drivers at once: lean publishers, MQTT.js subscribers, and the other way round. */
const SCENARIO = `name: both
connect: { ratePerSec: 200 }
groups:
  - { name: lean, count: 10, subscribe: [{ filter: to-lean/%i, qos: 1 }],
      publish: [{ topic: to-js/%i, qos: 1, arrivals: { kind: periodic, interval: 100ms } }] }
  - { name: js, count: 10, driver: mqttjs, subscribe: [{ filter: to-js/%i, qos: 1 }],
      publish: [{ topic: to-lean/%i, qos: 2, payload: { bytes: 3000 }, arrivals: { kind: periodic, interval: 100ms } }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 1s }
`;

/** One device, which connects and stays for a moment. */
const ONE = (driver: string): string => `name: one
groups: [{ name: d, count: 1, driver: ${driver}, clientId: one-${driver} }]
phases: [{ name: ramp, kind: ramp }, { name: hold, kind: steady, duration: 1s }]
`;

async function runFile(
  cwd: string,
  scenario: string,
  target: string,
  ...more: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const file = join(cwd, `${Math.random().toString(36).slice(2)}.yaml`);
  await writeFile(file, scenario);
  return runCli(['run', file, '--target', target, '--json', '--quiet', ...more], { cwd });
}

const TEST_CA = ['--set', 'tls={ testCa: certs }'];

describe('transports against mosquitto', { concurrency: 1 }, () => {
  it('TLS, mutual TLS, WebSocket and both carry messages of both drivers without a loss, from several addresses', () =>
    withMosquitto(async ({ cwd, ports, said }) => {
      for (const target of [
        `mqtts://127.0.0.1:${ports.tls}`,
        `mqtts://localhost:${ports.mutual}`,
        `ws://127.0.0.1:${ports.ws}/mqtt`,
        `wss://localhost:${ports.wss}/mqtt`,
      ]) {
        const sources = ['--ifaddr', '127.0.0.5,127.0.0.6'];
        const run = await runFile(cwd, SCENARIO, target, ...TEST_CA, ...sources);
        assert.ok(run.code === 0 || run.code === 6, `${target}: ${run.err}`);
        const { totals } = JSON.parse(run.out) as RunRecord;
        assert.equal(totals.connects.succeeded, 20, target);
        assert.ok(totals.deliveries.expected > 100, target);
        assert.equal(totals.deliveries.received, totals.deliveries.expected, target);
        assert.equal(totals.deliveries.duplicated + totals.deliveries.outOfOrder, 0, target);
      }
      for (const address of ['127.0.0.5', '127.0.0.6'])
        assert.ok(said().includes(address), address);
    }));

  it('under mutual TLS each device is known by a certificate of its own: test authority, pattern, CSV file', () =>
    withMosquitto(async ({ cwd, ports, said }) => {
      const target = `mqtts://127.0.0.1:${ports.mutual}`;
      const issued = await runFile(cwd, SCENARIO, target, ...TEST_CA);
      assert.ok(issued.code === 0 || issued.code === 6, issued.err);
      for (let n = 0; n < 10; n++) {
        for (const name of [`lean-${n}`, `js-${n}`]) assert.match(said(), new RegExp(`u'${name}'`));
      }
      const files = (await readdir(join(cwd, 'certs'))).filter((file) =>
        /^(lean|js)-\d/.test(file),
      );
      assert.equal(files.length, 20);
      const pattern = 'tls={ ca: certs/ca.pem, cert: certs/%g-%i.pem, key: certs/device.key }';
      const byPattern = await runFile(cwd, SCENARIO, target, '--set', pattern);
      assert.ok(byPattern.code === 0 || byPattern.code === 6, byPattern.err);
      const rows = Array.from({ length: 10 }, (_, n) => `x,lean-${9 - n}.pem,device.key`);
      await writeFile(join(cwd, 'certs/table.csv'), `note,cert,key\n${rows.join('\n')}\n`);
      const table = 'tls={ ca: certs/ca.pem, certificates: certs/table.csv }';
      for (const driver of DRIVERS) {
        const byTable = await runFile(cwd, ONE(driver), target, '--set', table);
        assert.ok(byTable.code === 0 || byTable.code === 6, byTable.err);
        assert.match(said(), new RegExp(`as one-${driver} .*u'lean-9'`));
      }
    }));

  it('what is wrong with certificates ends a run before it begins: one line, exit 3 or 2', () =>
    withMosquitto(async ({ cwd, ports }) => {
      await runCli(['certs', 'other'], { cwd });
      const tls = `mqtts://127.0.0.1:${ports.tls}`;
      const mutual = `mqtts://127.0.0.1:${ports.mutual}`;
      const trusted = 'ca: certs/ca.pem';
      const table: [string, string, number, RegExp][] = [
        [tls, '{ ca: other/ca.pem }', 3, /TLS: the target's certificate is/],
        [
          tls,
          '{ testCa: certs, servername: broker.test }',
          3,
          /other host names \(ERR_TLS_CERT_ALTNAME/,
        ],
        [tls, '{ testCa: certs, maxVersion: TLSv1.1, ciphers: "DEFAULT@SECLEVEL=0" }', 3, /TLS/],
        [mutual, `{ ${trusted} }`, 3, /TLS: .* client certificate/],
        [`mqtts://127.0.0.1:${ports.tcp}`, `{ ${trusted} }`, 3, /TLS: /],
        [`ws://127.0.0.1:${ports.tcp}/mqtt`, `{ ${trusted} }`, 3, /WebSocket upgrade/],
        [`wss://127.0.0.1:${ports.tls}/mqtt`, `{ ${trusted} }`, 3, /WebSocket upgrade/],
        [
          tls,
          '{ ca: nowhere.pem }',
          2,
          /^group 'd', tls: ca: nowhere.pem: there is no such file$/m,
        ],
        [
          tls,
          `{ ${trusted}, cert: certs/%i.pem, key: certs/%i.key }`,
          2,
          /0.pem: there is no such/,
        ],
        [
          tls,
          `{ ${trusted}, cert: certs/server.pem, key: other/server.key }`,
          2,
          /not that of the cert/,
        ],
        [tls, '{ testCa: nowhere }', 2, /nowhere.*fleetgauge certs nowhere|nowhere\/ca.pem/],
      ];
      for (const [target, spelled, code, message] of table) {
        const run = await runFile(cwd, ONE('lean'), target, '--set', `tls=${spelled}`);
        const lines = run.err.split('\n').filter((line) => line !== '' && !line.startsWith('note'));
        assert.equal(run.code, code, `${spelled}: ${run.err}`);
        assert.match(run.err, message, spelled);
        assert.equal(lines.length, 1, run.err);
        assert.equal(run.out, '');
      }
    }));

  it('devices that a certificate keeps out are counted by name, with both drivers', () =>
    withMosquitto(async ({ cwd, ports }) => {
      await runCli(['certs', 'other'], { cwd });
      const made = await runFile(
        cwd,
        SCENARIO,
        `mqtts://127.0.0.1:${ports.tls}`,
        '--set',
        'tls={ testCa: other, verify: false }',
      );
      assert.ok(made.code === 0 || made.code === 6, made.err);
      await expiredCertificate(cwd);
      // The first device is good, so that the run begins.
      const bad = ['other/lean-1.pem,other/device.key', 'expired.pem,expired.key'];
      const broken = 'broken.pem,certs/device.key';
      await writeFile(join(cwd, 'broken.pem'), 'no certificate');
      await runFile(cwd, ONE('lean'), `mqtts://127.0.0.1:${ports.mutual}`, ...TEST_CA);
      const good = 'certs/d-0.pem,certs/device.key';
      for (const driver of DRIVERS) {
        const rows = ['cert,key', good, ...bad, broken, good];
        await writeFile(join(cwd, 'table.csv'), `${rows.join('\n')}\n`);
        const scenario = ONE(driver)
          .replace('count: 1', 'count: 5')
          .replace(`one-${driver}`, 'd-%i');
        const tls = 'tls={ ca: certs/ca.pem, certificates: table.csv }';
        const run = await runFile(cwd, scenario, `mqtts://127.0.0.1:${ports.mutual}`, '--set', tls);
        assert.equal(run.code, 3, run.err);
        const { totals, errors } = JSON.parse(run.out) as RunRecord;
        assert.equal(totals.connects.succeeded, 2, JSON.stringify(errors));
        assert.equal(totals.connects.failed, 3, JSON.stringify(errors));
        // The reset of the connection may overtake the alert that says which it is.
        const refused = /TLS: (the target refuses|closed by .* right after).* client certificate/;
        const count = (message: RegExp): number =>
          Object.entries(errors).reduce((n, [text, k]) => (message.test(text) ? n + k : n), 0);
        assert.equal(count(refused), 2, `${driver}: ${JSON.stringify(errors)}`);
        assert.equal(count(/broken.pem.*no PEM/), 1, `${driver}: ${JSON.stringify(errors)}`);
      }
    }));

  it('a target whose certificate has expired is told by that', () =>
    withMosquitto(async ({ cwd, ports }) => {
      await expiredCertificate(cwd);
      const server = spawn(
        'openssl',
        ['s_server', '-accept', '127.0.0.1:0', '-cert', 'expired.pem', '-key', 'expired.key'],
        { cwd, stdio: ['pipe', 'pipe', 'ignore'] },
      );
      try {
        let said = '';
        server.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
        for (let waited = 0; !/ACCEPT \S+:\d+/.test(said); waited += 20) {
          assert.ok(waited < 10_000, `openssl did not start: ${said}`);
          await sleep(20);
        }
        const port = /ACCEPT \S+:(\d+)/.exec(said)![1]!;
        const run = await runFile(
          cwd,
          ONE('lean'),
          `mqtts://127.0.0.1:${port}`,
          '--set',
          'tls={ ca: certs/ca.pem }',
        );
        assert.equal(run.code, 3, run.err);
        assert.match(run.err, /TLS: the target's certificate has expired \(CERT_HAS_EXPIRED\)/);
        assert.ok(ports.tcp > 0);
      } finally {
        server.kill('SIGKILL');
        if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      }
    }));

  it('a source address that is not this machine’s is refused with what to do', () =>
    withMosquitto(async ({ cwd, ports }) => {
      const target = `mqtt://127.0.0.1:${ports.tcp}`;
      const run = await runFile(cwd, ONE('lean'), target, '--ifaddr', '192.0.2.77');
      assert.equal(run.code, 2, run.err);
      assert.match(run.err, /^source address 192.0.2.77 is no address of this machine: add it/);
      const name = await runFile(cwd, ONE('lean'), target, '--ifaddr', 'eth0');
      assert.equal(name.code, 2, name.err);
      assert.match(name.err, /^--ifaddr eth0: expected addresses of this machine/);
    }));
});

/** `expired.pem`, of the test authority in `certs`, good for 127.0.0.1 until some time ago. */
async function expiredCertificate(cwd: string): Promise<void> {
  const at = (file: string): string => join(cwd, file);
  await writeFile(
    at('ext'),
    'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n',
  );
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await command(
    'openssl',
    'openssl',
    'req',
    ...key,
    '-keyout',
    at('expired.key'),
    '-out',
    at('csr'),
    '-subj',
    '/CN=old',
  );
  // Of yesterday: OpenSSL 3.0 takes no dates here.
  const old = ['-days', '-1'];
  const issuer = ['-CA', at('certs/ca.pem'), '-CAkey', at('certs/ca.key'), '-CAcreateserial'];
  const files = ['-in', at('csr'), '-extfile', at('ext'), '-out', at('expired.pem')];
  await command('openssl', 'openssl', 'x509', '-req', ...files, ...issuer, ...old);
  assert.match(await readFile(at('expired.pem'), 'utf8'), /BEGIN CERTIFICATE/);
}
