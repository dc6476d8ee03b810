import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exposition, parseExposition } from '../bench/mod.js';
import type { RunRecord } from '../results/mod.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';
import { metricsAddress } from './run-metrics.js';
import { withBroker } from './testing/with-broker.js';
import { UsageError } from './usage-error.js';

test('--restapi is a port of this machine alone, or an address and a port', () => {
  const rows: [string, string, number][] = [
    ['8080', '127.0.0.1', 8080],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
    ['127.0.0.2:0', '127.0.0.2', 0],
    ['[::1]:9', '::1', 9],
    ['::1:9', '::1', 9],
  ];
  for (const [restapi, host, port] of rows) {
    assert.deepEqual(metricsAddress({ restapi }), { host, port });
  }
  assert.equal(metricsAddress({ restapi: 'disabled' }), undefined);
  assert.equal(metricsAddress({ prometheus: true }), undefined);
  for (const restapi of ['x', '', '70000', 'localhost:8080', '1.2.3.4:', '1.2.3:80', '-1']) {
    assert.throws(
      () => metricsAddress({ restapi }),
      (error) => error instanceof UsageError && error.message.startsWith(`--restapi ${restapi}: `),
    );
  }
});

/** A scenario with both sides, at QoS 0 and 1: 10 devices, 10 messages a second each. */
const SCENARIO = `name: watched
groups:
  - name: all
    count: 10
    subscribe: [{ filter: 'a/%i', qos: 1 }, { filter: 'b/%i' }]
    publish:
      - { topic: a/%i, qos: 1, arrivals: { kind: periodic, interval: 100ms } }
      - { topic: b/%i, qos: 0, arrivals: { kind: periodic, interval: 200ms } }
      - { topic: nobody/%i, qos: 1, arrivals: { kind: periodic, interval: 500ms } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 3s }
`;

/** One value of a page by name and labels. */
function sample({ series }: Exposition, name: string, labels: Record<string, string> = {}) {
  const found = series.filter(
    (one) =>
      one.name === name &&
      Object.entries(labels).every(([key, value]) => one.labels.get(key) === value),
  );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}`);
  return found[0]!.value;
}

test('a run is scraped while it lasts, and at the end once more, with the totals of its record', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--restapi', '127.0.0.1:0'];
      const run = startCli([...args, '--json', '--quiet', '--threads', '1'], { cwd });
      const pages: string[] = [];
      let isOver = false;
      const ended = run.ended.then((result) => {
        isOver = true;
        return result;
      });
      while (!isOver) {
        const url = /^metrics: (http:\S+)$/m.exec(run.output.err)?.[1];
        if (url !== undefined) {
          const response = await fetch(url).catch(() => undefined);
          if (response?.status === 200) {
            assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
            pages.push(await response.text());
          }
        }
        await sleep(100);
      }
      const { code, out, err } = await ended;
      assert.equal(code, 0, err);
      assert.match(err, /^metrics: \d+ s for a last scrape/m);
      checkGrows(pages.map(parseExposition));
      checkTotals(parseExposition(pages.at(-1)!), JSON.parse(out) as RunRecord);
    }),
  );
});

/** The page was there in mid-run, and no counter ever went back. */
function checkGrows(pages: readonly Exposition[]): void {
  const seen = new Set<number>();
  for (const [k, page] of pages.entries()) {
    seen.add(sample(page, 'pub'));
    const before = pages[k - 1];
    if (before === undefined) continue;
    for (const { name, labels, value } of before.series) {
      if (before.types.get(name) === 'gauge') continue;
      const now = sample(page, name, Object.fromEntries(labels));
      assert.ok(now >= value, `${name} went from ${value} to ${now}`);
    }
  }
  assert.ok(seen.size >= 3, `pub was ${[...seen]}`);
}

function checkTotals(page: Exposition, record: RunRecord): void {
  const { publishes, deliveries, connects, subscribes } = record.totals;
  const nosub = 60;
  assert.ok(publishes.sent > 500 && publishes.acked > 300);
  const bench: Record<string, number> = {
    recv: deliveries.received + deliveries.foreign,
    sub: subscribes.succeeded,
    sub_fail: 0,
    // Once each, at QoS 0 as well.
    pub: publishes.sent,
    pub_fail: publishes.failed,
    pub_succ: publishes.acked - nosub,
    pub_nosub: nosub,
    connect_succ: connects.succeeded,
    connect_fail: 0,
    connect_retried: 0,
    reconnect_succ: 0,
  };
  for (const [name, value] of Object.entries(bench)) {
    assert.equal(sample(page, name), value, name);
    assert.equal(page.types.get(name), 'counter');
  }
  assert.equal(sample(page, 'fleetgauge_publishes_sent_total'), publishes.sent);
  assert.equal(sample(page, 'fleetgauge_deliveries_received_total'), deliveries.received);
  assert.equal(sample(page, 'fleetgauge_bytes_sent_total'), record.totals.bytes.sent);
  for (const [name, count] of [
    ['mqtt_client_connect_duration', connects.succeeded],
    ['mqtt_client_subscribe_duration', connects.succeeded],
    ['e2e_latency', deliveries.received],
  ] as const) {
    assert.equal(page.types.get(name), 'histogram');
    assert.equal(sample(page, `${name}_bucket`, { le: '+Inf' }), count, name);
    assert.equal(sample(page, `${name}_count`), count);
    assert.ok(sample(page, `${name}_bucket`, { le: '1000' }) <= count);
  }
  const ours = { path: 'publish', clock: 'response' };
  assert.equal(sample(page, 'fleetgauge_latency_seconds_count', ours), publishes.acked);
  const meanUs = (sample(page, 'fleetgauge_latency_seconds_sum', ours) / publishes.acked) * 1e6;
  const theirs = record.latency['publish.response']!;
  assert.ok(Math.abs(meanUs - theirs.mean) <= theirs.mean * 0.01 + 2, `${meanUs} ${theirs.mean}`);
  assert.equal(sample(page, 'publish_latency'), sample(page, 'e2e_latency_sum'));
}

test('a port that is taken is one line and exit 2, before anything connects', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = taken.address() as { port: number };
    await withBroker((target) =>
      inFolder({}, async (cwd) => {
        const at = new URL(target.replace('mqtt', 'http')).port;
        const args = ['conn', '-p', at, '-c', '1', '--prometheus', '--restapi', String(port)];
        const { code, out, err } = await runCli(args, { cwd });
        assert.equal(code, 2, err);
        assert.equal(out, '');
        const said = err.split('\n').filter((line) => line !== '' && !line.startsWith('note: '));
        assert.deepEqual(said, [
          `--restapi ${port}: something listens there already; take another port`,
        ]);
        assert.deepEqual(readdirSync(cwd), []);
      }),
    );
  } finally {
    taken.close();
  }
});
