import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { PeerProcess } from '../broker/cluster/discovery/testing/peer-process.js';
import type { RunRecord } from '../results/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { CLI, inFolder } from './cli-under-test.js';
import { ownLoopback } from './testing/nodes-apart.js';

const SCENARIO = `name: names
connect: { ratePerSec: 500 }
groups: [{ name: d, count: 40 }]
phases: [{ name: ramp, kind: ramp }, { name: hold, kind: steady, duration: 2s }]
`;

/** Runs `fleetgauge run` where this name server, and no other, is asked: with a resolv.conf of its own. */
async function runAsking(
  server: string,
  target: string,
  cwd: string,
): Promise<{ code: number | null; out: string; err: string; ms: number }> {
  await writeFile(join(cwd, 'resolv.conf'), `nameserver ${server}\noptions timeout:2 attempts:1\n`);
  await writeFile(join(cwd, 'names.yaml'), SCENARIO);
  const mount = 'mount --bind resolv.conf /etc/resolv.conf && exec "$@"';
  const args = [
    CLI,
    'run',
    'names.yaml',
    '--target',
    target,
    '--json',
    '--quiet',
    '--probe',
    'none',
  ];
  const begun = performance.now();
  const child = spawn('unshare', ['--mount', 'sh', '-c', mount, 'sh', process.execPath, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, out, err, ms: performance.now() - begun };
}

it('a name has its devices on all its addresses that answer; one that fails or is slow is one line, exit 3', async () => {
  const network = ownLoopback();
  const [server, one, two, nobody] = [1, 2, 3, 4].map((n) => `${network}.${n}`) as [
    string,
    string,
    string,
    string,
  ];
  const broker = await startBrokerProcess({ host: one });
  const other = await startBrokerProcess({ host: two, port: broker.port });
  const dnsmasq = new PeerProcess('dnsmasq-base', 'dnsmasq', [
    ...[
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--no-resolv',
      '--no-hosts',
    ],
    ...['--bind-interfaces', `--listen-address=${server}`, '--port=53'],
    ...[one, two].map((address) => `--host-record=both.test,${address}`),
    ...['--local=/nowhere.test/', `--server=/silent.test/${nobody}`],
  ]);
  try {
    const resolver = new Resolver();
    resolver.setServers([server]);
    await dnsmasq.ready(() => resolver.resolve4('both.test'));
    await inFolder({}, async (cwd) => {
      const both = await runAsking(server, `mqtt://both.test:${broker.port}`, cwd);
      assert.ok(both.code === 0 || both.code === 6, both.err);
      const record = JSON.parse(both.out) as RunRecord;
      assert.equal(record.totals.connects.succeeded, 40);
      assert.equal(both.err, '');
      await other.stop();
      const half = await runAsking(server, `mqtt://both.test:${broker.port}`, cwd);
      assert.ok(half.code === 0 || half.code === 6, half.err);
      assert.match(
        half.err,
        new RegExp(`^note: no device connects to ${two}: .* refuses connections`),
      );
      assert.equal((JSON.parse(half.out) as RunRecord).totals.connects.succeeded, 40);
      const unknown = await runAsking(server, `mqtt://nowhere.test:${broker.port}`, cwd);
      assert.equal(unknown.code, 3, unknown.err);
      assert.match(unknown.err, /^mqtt:\/\/nowhere.test:\d+ has a host name that does not resolve/);
      const slow = await runAsking(server, `mqtt://x.silent.test:${broker.port}`, cwd);
      assert.equal(slow.code, 3, slow.err);
      assert.match(slow.err, /^mqtt:\/\/x.silent.test:\d+ has a host name that the name server/);
      assert.ok(slow.ms < 20_000, `${slow.ms} ms`);
    });
  } finally {
    await dnsmasq.kill();
    await broker.stop();
    await other.kill();
  }
});
