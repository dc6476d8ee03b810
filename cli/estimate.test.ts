import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CostSeries } from '../estimator/mod.js';
import { DESIGNED, ONE_TO_ONE, syntheticRun } from '../estimator/synthetic-target.js';
import {
  type CounterName,
  counterIndex,
  HistogramSet,
  newCounters,
  noOccupancy,
  RunWriter,
} from '../results/mod.js';
import { type EstimateArgs, estimate } from './estimate.js';

const DEMAND = `connections: 1m
publishesPerSec: { qos0: 20k, qos1: 20k }
fanOut: 1
payloadBytes: 64
node: { cores: 4, memoryGiB: 16, nicGbps: 10 }
`;

/** The record that a run with these samples would have left behind. */
async function writeRecord(folder: string, run: CostSeries, probed: boolean): Promise<void> {
  const writer = await RunWriter.create(folder, {
    id: run.runId,
    epochMs: 0,
    tool: { name: 'fleetgauge', version: '0.0.0' },
    host: {
      hostname: 'test',
      os: 'Linux',
      cpuModel: 'Test CPU',
      cores: 2,
      memoryBytes: 2 ** 34,
      node: '20',
      fileLimit: null,
    },
    command: ['fleetgauge', 'run'],
    scenario: 'synthetic',
    scenarioHash: '0',
    scenarioYaml: '',
    target: [run.target],
    devices: 0,
    processes: 1,
    threads: 1,
    shards: 1,
    probes: probed ? [{ node: 'broker', pid: 1 }] : [],
  });
  let connected = 0;
  for (const sample of run.samples) {
    connected += sample.connects;
    const counters = newCounters();
    const facts: Partial<Record<CounterName, number>> = {
      connectsSucceeded: sample.connects,
      connected,
      publishesSentQos0: sample.publishesQos0,
      publishesSentQos1: sample.publishesQos1,
      deliveriesReceivedQos0: sample.deliveriesQos0,
      deliveriesReceivedQos1: sample.deliveriesQos1,
      bytesSent: sample.bytesIn,
      bytesReceived: sample.bytesOut,
    };
    for (const [name, value] of Object.entries(facts)) {
      counters[counterIndex(name as CounterName)] = value;
    }
    await writer.interval(
      {
        second: sample.second,
        phase: sample.phase,
        measured: false,
        tail: false,
        lengthSec: 1,
        counters,
        histograms: new HistogramSet(),
        errors: {},
        backlog: 0,
        loopUtilisation: 0,
        loopDelayMaxUs: 0,
        gcPausesUs: [],
        threads: [],
        occupancy: noOccupancy(),
        generatorCpuPercent: 0,
        shards: 1,
        reports: 1,
      },
      probed
        ? [
            {
              node: 'broker',
              readAtUs: (sample.second + 1) * 1e6,
              cpuPercent: 100 * sample.cpuSec,
              rssBytes: sample.rssBytes,
              busiestThreadPercent: 0,
              values: [],
              gap: null,
            },
          ]
        : [],
    );
  }
  await writer.finish({ state: 'finished', finishedAtMs: run.samples.length * 1000 });
}

describe('estimate', () => {
  let folder = '';
  const path = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetgauge-estimate-'));
    const designed = syntheticRun(DESIGNED, { runId: 'designed' });
    await writeRecord(path('designed'), designed, true);
    await writeRecord(path('check'), syntheticRun(ONE_TO_ONE, { seed: 2, runId: 'check' }), true);
    await writeRecord(path('blind'), { ...designed, runId: 'blind' }, false);
    await writeFile(path('demand.yaml'), DEMAND);
    await writeFile(path('bad.yaml'), DEMAND.replace('1m', 'lots'));
    await writeFile(path('exactly-once.yaml'), DEMAND.replace('qos1', 'qos2'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  async function run(args: Partial<EstimateArgs>) {
    const out: string[] = [];
    const err: string[] = [];
    const code = await estimate(
      { run: [path('designed')], check: [], demand: path('demand.yaml'), json: false, ...args },
      { write: (text: string) => out.push(text) },
      { write: (text: string) => err.push(text) },
    );
    return { code, stdout: out.join(''), stderr: err.join('') };
  }

  it('reads run records and answers first', async () => {
    const { code, stdout, stderr } = await run({ check: [path('check')] });
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^\d+ nodes of 4 cores, 16 GiB and 10 Gbit\/s\n/);
    assert.match(stdout, /1,000,000 connections is 100× the [\d,]+ measured: an extrapolation/);
    assert.match(stdout, /run check\n +CPU +[\d.]+ s +[\d.]+ s +[+−]\d/);
    assert.match(stdout, /run designed: mqtt:\/\/127\.0\.0\.1:1883, on Test CPU, 2 cores, 16 GiB/);
  });

  it('gives JSON for programs', async () => {
    const { code, stdout } = await run({ json: true });
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as { schema: string; answer: { nodes: number } };
    assert.equal(report.schema, 'fleetgauge.estimate/1');
    assert.ok(report.answer.nodes >= 2);
  });

  const refused: { what: string; args: () => Partial<EstimateArgs>; code: number; text: RegExp }[] =
    [
      {
        what: 'a bad demand, with its line',
        args: () => ({ demand: path('bad.yaml') }),
        code: 2,
        text: /bad\.yaml:1: connections: expected a whole number .*, found "lots"\n$/,
      },
      {
        what: 'a demand that is not there',
        args: () => ({ demand: path('none.yaml') }),
        code: 2,
        text: /none\.yaml: cannot be read \(ENOENT\)/,
      },
      {
        what: 'a folder without a run record',
        args: () => ({ run: [path('none')] }),
        code: 2,
        text: /cannot read .*run\.json/,
      },
      {
        what: 'a run that did not probe its target',
        args: () => ({ run: [path('blind')] }),
        code: 2,
        text: /^run blind \(.*\) has no CPU and memory of its target/,
      },
      {
        what: 'a check run that was fitted',
        args: () => ({ check: [path('designed')] }),
        code: 2,
        text: /^run designed is given twice/,
      },
      {
        what: 'a demand whose costs the runs do not tell',
        args: () => ({ demand: path('exactly-once.yaml') }),
        code: 8,
        text: /publishes QoS 2 \(never happened\)/,
      },
    ];
  for (const { what, args, code, text } of refused) {
    it(`refuses ${what}`, async () => {
      const result = await run(args());
      assert.equal(result.code, code);
      assert.match(result.stderr, text);
      assert.equal(result.stdout, '');
    });
  }
});
