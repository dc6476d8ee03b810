import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli } from './cli-under-test.js';
import { freePort } from './free-port.js';
import { withPeer } from './testing/peer.js';

test('a run is watched by pid, core by core, by node exporter, by Prometheus and by $SYS at once', async () => {
  const [mqtt, metrics, nobody] = await Promise.all([1, 2, 3].map(() => freePort('127.0.0.1')));
  const conf = `listener ${mqtt} 127.0.0.1\nallow_anonymous true\nsys_interval 1\n`;
  await inFolder({ 'm.conf': conf }, async (cwd) => {
    const exporter = [`--web.listen-address=127.0.0.1:${metrics}`];
    await withPeer('/usr/sbin/mosquitto', ['-c', join(cwd, 'm.conf')], [mqtt!], ({ pid }) =>
      withPeer('/usr/bin/prometheus-node-exporter', exporter, [metrics!], async () => {
        const probes = [
          `broker=${pid}`,
          'here=machine',
          `host=node-exporter:http://127.0.0.1:${metrics}`,
          `exporter=prometheus:http://127.0.0.1:${metrics}/metrics#files=process_open_fds`,
          `sys=sys:mqtt://127.0.0.1:${mqtt}`,
          `dead=node-exporter:http://127.0.0.1:${nobody}`,
        ].flatMap((probe) => ['--probe', probe]);
        const target = `mqtt://127.0.0.1:${mqtt}`;
        const args = ['run', 'smoke', '--target', target, '--out', 'rec', '--json', ...probes];
        const run = await runCli(args, { cwd });
        assert.equal(run.code, 0, run.err);
        const record = JSON.parse(run.out) as RunRecord;
        const of = (node: string) => record.probes.find((probe) => probe.node === node)!;
        const metric = (node: string, name: string, part = '') =>
          of(node).metrics.find((one) => one.metric === name && one.part === part);

        assert.ok(of('broker').cpuPercentMean! > 0);
        assert.ok(metric('broker', 'cpuPercent', `mosquitto ${pid}`)!.mean > 0);
        // The same machine, seen twice, at the same moments to within a scrape.
        const [here, host] = [of('here').cpuPercentMean!, of('host').cpuPercentMean!];
        assert.ok(Math.abs(here - host) < 0.25 * here + 5, `${here} against ${host}`);
        for (let core = 0; core < cpus().length; core++) {
          assert.ok(metric('host', 'cpuPercent', `core${core}`), `core${core}`);
        }
        assert.ok(of('exporter').rssBytesMax! > 1e6);
        assert.ok(metric('exporter', 'files')!.mean > 3);
        // The devices and the probe itself; what the broker counts is what the devices sent.
        assert.equal(metric('sys', 'clients/connected')!.last, record.devices + 1);
        const published = (record.measured.counters.publishesSent ?? 0) / record.measured.seconds;
        const counted = metric('sys', 'publish/messages/receivedPerSec')!;
        assert.ok(counted.readings >= 2 && Math.abs(counted.mean - published) < published / 4);

        assert.match(Object.keys(of('dead').gaps).join(), /^refuses connections$/);
        assert.ok(
          record.verdict.reasons.some(
            ({ code, severity }) => code === 'PROBE_GAPS' && severity === 'note',
          ),
        );
        const rows = await readFile(join(cwd, 'rec', 'probes.csv'), 'utf8');
        for (const line of rows.trim().split('\n').slice(1)) {
          const [second, , , , , overSec, readAt] = line.split(',');
          const age = Number(second) + 1 - Number(readAt);
          assert.ok(age < 1.6 && age > -1, line);
          assert.ok(overSec === '' || Number(overSec) > 0, line);
        }
      }),
    );
  });
});
