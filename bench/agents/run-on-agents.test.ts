import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunWriter } from '../../results/mod.js';
import { monotonicClock } from '../device/mod.js';
import { Coordinator } from '../fleet/coordinator.js';
import { openProbes } from '../fleet/open-probes.js';
import { coordinatorOptions, recordHead } from '../fleet/run-scenario.js';
import { hostFacts } from '../probe/mod.js';
import { parseScenario, parseTarget, type Target } from '../scenario/mod.js';
import { runAgent } from './agent.js';
import { agentStore } from './fleet-store.js';
import { type AgentsRequest, runOnAgents } from './run-on-agents.js';
import { SyntheticFleet } from './testing/synthetic-fleet.js';

const SECRET = 'a secret that is long enough';
const SCENARIO = parseScenario(
  `name: foretold
seed: 11
groups:
  - name: d
    count: 200
    publish:
      - { topic: 't/%i', qos: 1, arrivals: { kind: poisson, ratePerSec: 3k } }
      - { topic: 'u/%i', qos: 1, arrivals: { kind: periodic, interval: 700ms } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 3s }
  - { name: drain, kind: drain, duration: 1s }
`,
  's.yaml',
);

/** A server that welcomes every MQTT 5 client. */
async function withServer(work: (target: Target) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Uint8Array.of(0x20, 3, 0, 0, 0)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(parseTarget(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`));
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

function request(target: Target, folder: string) {
  return {
    scenario: SCENARIO,
    targets: [target],
    folder,
    id: 'foretold-1',
    run: 17,
    command: ['test'],
    tool: { name: 'fleetgauge', version: '1.2.3' },
    host: hostFacts(),
    nodes: () => [],
    progress: () => undefined,
    signal: new AbortController().signal,
  };
}

/** The files of credentials of each agent that made its part of a fleet. */
const whatAgentsHave: string[] = [];

/** Starts agents when the coordinator says where it is; resolves when they have ended, too. */
async function withAgents(
  versions: readonly string[],
  base: Omit<AgentsRequest, 'agents'>,
  waitMs: number,
): Promise<void> {
  const access = { text: 'embedded', secret: SECRET, tls: undefined };
  const stop = new AbortController();
  const agents: Promise<void>[] = [];
  const nowUs = monotonicClock();
  const begin = (port: string): void => {
    for (const [n, version] of versions.entries()) {
      const name = `agent${n}`;
      const ports = { first: 32_768, count: 28_000 };
      const started = runAgent({
        name,
        version,
        host: hostFacts(),
        capacity: () => ({
          openFiles: 1e6,
          cores: 2,
          ephemeralPorts: ports,
          memoryBytes: 2 ** 34,
          threads: 1,
        }),
        store: agentStore({ ...access, text: `embedded://127.0.0.1:${port}` }),
        once: true,
        say: () => undefined,
        signal: stop.signal,
        makeFleet: ({ plan, members }) => {
          const { credentials } = plan.scenario.groups[0]!;
          if (credentials !== undefined)
            whatAgentsHave.push(readFileSync(credentials.file, 'utf8'));
          return new SyntheticFleet(plan, members[name]!, nowUs);
        },
      });
      agents.push(started);
    }
  };
  const say = (line: string): void => {
    const port = /expected at 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) begin(port);
  };
  const listen = { host: '127.0.0.1', port: 0 };
  try {
    await runOnAgents({
      ...base,
      agents: { count: 4, store: access, listen, waitMs, patienceMs: 10_000, say },
    });
  } finally {
    stop.abort();
    await Promise.all(agents);
  }
}

/** Every count of a log, a text for each second. */
function countsOf(folder: string): string[] {
  const text = readFileSync(join(folder, 'publish.response.hlog'), 'utf8');
  const lines = text.split('\n').filter((line) => /^\d/.test(line));
  return lines.map((line) => line.split(',')[3]!);
}

test('four agents of one shard and one process of four have the same histograms, count by count', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-merge-'));
  const file = join(folder, 'devices.csv');
  const rows = `password\n${'secret\n'.repeat(200)}`;
  writeFileSync(file, rows);
  try {
    await withServer(async (target) => {
      await withAgents(
        ['1.2.3', '1.2.3', '1.2.3', '1.2.3'],
        {
          ...request(target, join(folder, 'four')),
          scenario: { ...SCENARIO, groups: [{ ...SCENARIO.groups[0]!, credentials: { file } }] },
        },
        20_000,
      );
      assert.deepEqual(whatAgentsHave, Array(4).fill(rows));
      const one = request(target, join(folder, 'one'));
      const part = { firstShard: 0, shards: 4, ofShards: 4, threadsPerProcess: 4 };
      const head = recordHead(one, [], { processes: 1, threads: 4, shards: 4 });
      await new Coordinator(SCENARIO, {
        ...coordinatorOptions(one, (await openProbes([])).timeline),
        fleet: new SyntheticFleet(one, part, monotonicClock()),
        shards: 4,
        orderDelayUs: 200_000,
        openRecord: async (epochMs) => ({
          writer: await RunWriter.create(one.folder, { ...head, epochMs }),
        }),
      }).run();
    });
    const [four, one] = ['four', 'one'].map((name) => {
      const path = join(folder, name);
      const record = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'));
      return { counts: countsOf(path), record };
    });
    assert.equal(one!.counts.length, 3, 'a line for each second with load');
    assert.deepEqual(four!.counts, one!.counts);
    assert.deepEqual(four!.record.latency, one!.record.latency);
    assert.deepEqual(four!.record.totals, one!.record.totals);
    assert.ok(one!.record.totals.publishes.scheduled > 9_000);
    assert.equal(four!.record.generator.shards, 4);
    assert.equal(four!.record.agents.length, 4);
    assert.equal(four!.record.generator.reportsMissing, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('an agent of another version is not taken, and the coordinator says which', async () => {
  await withServer(async (target) => {
    await assert.rejects(
      withAgents(['1.2.3', '1.2.3', '1.2.3', '1.2.2'], request(target, '/nowhere'), 4_000),
      /3 of 4 agents are there: agent0, agent1, agent2 \(agent3 runs Fleetgauge 1\.2\.2 \(protocol 2\), this is 1\.2\.3/,
    );
  });
});
