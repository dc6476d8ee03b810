import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { scenarioNotes } from './check.js';
import { loadScenario, ScenarioNotFoundError } from './load.js';
import { plan } from './plan.js';
import { presets } from './presets.js';

/**
 * The published table of the Open MQTT Benchmark Suite: messages in and out per second, devices,
 * connect rate where the suite has one, and protocol.
 */
const SUITE = [
  { id: 'conn-tcp-10K-100', in: 0, out: 0, devices: 10_000, connects: 100, protocol: 4 },
  { id: 'conn-tcp-1M-5K', in: 0, out: 0, devices: 1_000_000, connects: 5000, protocol: 4 },
  { id: 'fanout-1-1K-1-1K', in: 1, out: 1000, devices: 1001, protocol: 4 },
  { id: 'fanout-5-1000-5-250K', in: 250, out: 250_000, devices: 1005, protocol: 4 },
  { id: 'p2p-1K-1K-1K-1K', in: 1000, out: 1000, devices: 2000, protocol: 4 },
  { id: 'p2p-50K-50K-50K-50K', in: 50_000, out: 50_000, devices: 100_000, protocol: 4 },
  { id: 'sharedsub-1K-5-1K-1K', in: 1000, out: 1000, devices: 1005, protocol: 5 },
  { id: 'sharedsub-50K-500-50K-50K', in: 50_000, out: 50_000, devices: 50_500, protocol: 5 },
];

for (const row of SUITE) {
  test(`singlenode-${row.id} is as published`, async () => {
    const scenario = await loadScenario(`singlenode-${row.id}`);
    assert.equal(scenario.name, `singlenode-${row.id}`.toLowerCase());
    const planned = plan(scenario);
    assert.equal(planned.deviceCount, row.devices);
    assert.equal(planned.publishesPerSec, row.in);
    assert.equal(planned.deliveriesPerSec, row.out);
    if (row.connects !== undefined) assert.equal(planned.connectsPerSec, row.connects);
    for (const group of scenario.groups) {
      assert.equal(group.protocol, row.protocol);
      assert.equal(group.keepAliveUs, 300_000_000);
      assert.ok(group.cleanStart);
      assert.ok(group.subscribe.every(({ qos }) => qos === 1));
      for (const stream of group.publish) {
        assert.deepEqual(stream.payload, { kind: 'filler', bytes: 16 });
        assert.deepEqual([stream.qos, stream.retain], [1, false]);
      }
    }
    const hold = scenario.phases[1]!;
    assert.ok(scenario.phases[0]!.kind === 'ramp' && hold.kind === 'steady');
    assert.equal(hold.durationUs, 1_800_000_000);
    assert.deepEqual(scenarioNotes(scenario), [], 'every delivery can be timed');
  });
}

test('the suite scales: in and out with the number of pairs, fan-out with its subscribers', async () => {
  const pairs = plan(await loadScenario('p2p-50k-50k-50k-50k', { scale: 0.1 }));
  assert.deepEqual([pairs.publishesPerSec, pairs.deliveriesPerSec], [5000, 5000]);
  assert.equal(pairs.connectsPerSec, 500);
  const fan = plan(await loadScenario('fanout-5-1000-5-250k', { scale: 0.2 }));
  assert.deepEqual([fan.publishesPerSec, fan.deliveriesPerSec], [250, 50_000]);
  const wider = plan(await loadScenario('fanout-1-1k-1-1k', { scale: 10 }));
  assert.deepEqual([wider.publishesPerSec, wider.deliveriesPerSec], [1, 10_000]);
  const shared = plan(await loadScenario('sharedsub-50k-500-50k-50k', { scale: 0.01 }));
  assert.deepEqual([shared.publishesPerSec, shared.deliveriesPerSec], [500, 500]);
});

test('every preset has a summary, parses, and can be timed', async () => {
  const all = presets();
  assert.ok(all.length >= 10);
  for (const { name, summary } of all) {
    assert.ok(summary.length > 20 && summary.length < 150 && !summary.endsWith('.'), summary);
    const scenario = await loadScenario(name);
    assert.equal(scenario.name, name);
    // Whoever churns in the warm-up misses messages; nothing of it is measured.
    const notes = scenarioNotes(scenario).filter((note) => !note.includes('have no session'));
    assert.deepEqual(notes, []);
    plan(scenario);
  }
});

test('quickstart has 10,000 devices and publishes at QoS 0 and 1; smoke has 100', async () => {
  const quickstart = await loadScenario('quickstart');
  assert.equal(plan(quickstart).deviceCount, 10_000);
  const qos = quickstart.groups.flatMap(({ publish }) => publish.map((stream) => stream.qos));
  assert.ok(qos.includes(0) && qos.includes(1));
  assert.equal(plan(await loadScenario('smoke')).deviceCount, 100);
});

test('presets are found in any case and without singlenode-', async () => {
  assert.equal((await loadScenario('P2P-1K-1K-1K-1K')).name, 'singlenode-p2p-1k-1k-1k-1k');
  assert.equal((await loadScenario('Smoke')).name, 'smoke');
});

test('a name or file that is not there is told as such', async () => {
  const table: [string, RegExp][] = [
    [
      'smokee',
      /^scenario 'smokee': no preset of this name, and no file \(did you mean 'smoke'\?\)$/,
    ],
    ['zzzzzz', /\(presets: .*quickstart, .*smoke\b/],
    ['./nowhere.yaml', /there is no such file/],
    ['nowhere.yaml', /there is no such file/],
    [`${tmpdir()}/`, /it is a directory/],
  ];
  for (const [name, message] of table) {
    await assert.rejects(
      loadScenario(name),
      (error) => error instanceof ScenarioNotFoundError && message.test(error.message),
      name,
    );
  }
});

test('a file is read with its changes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fleetgauge-'));
  try {
    const file = join(directory, 'mine.yml');
    await writeFile(
      file,
      'name: mine\ngroups: [{ name: a, count: 10 }]\nphases: [{ name: r, kind: ramp }]\n',
    );
    const scenario = await loadScenario(file, { set: ['groups.a.count=40'], scale: 0.5 });
    assert.equal(scenario.groups[0]!.count, 20);
    await assert.rejects(loadScenario(file, { set: ['groups.a.count=x'] }), (error: Error) =>
      error.message.startsWith(`${file}: groups.0.count`),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
