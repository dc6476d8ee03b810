import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hosts } from '../broker/testing/hosts.js';
import { EtcdStore } from '../store/mod.js';
import { startBrokerProcess } from './broker-process.js';
import { AgentsUnderTest, said } from './testing/agent-fleet.js';

/** By how much the third agent's monotonic clock is ahead of everybody else's, s. */
const AHEAD_SEC = 5_000;
const AGENTS = ['a1', 'a2', 'a3'];

/** Five machines: one with the broker and maybe etcd, one with the coordinator, three with agents. */
async function withMachines(
  work: (machines: {
    coordinator: string[];
    agents: string[][];
    address: string;
    etcd: string;
    target: string;
  }) => Promise<void>,
  withEtcd: boolean,
): Promise<void> {
  const hosts = await Hosts.create(5);
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-machines-'));
  let etcd: ChildProcess | undefined;
  const [broker, coordinator, ...others] = hosts.all;
  try {
    const launcher = hosts.on(broker!);
    const node = await startBrokerProcess({ host: broker!.address, port: 1883, launcher });
    try {
      if (withEtcd) etcd = startEtcd(launcher, broker!.address, join(folder, 'data'));
      const ahead = ['unshare', '--time', '--monotonic', String(AHEAD_SEC)];
      await work({
        coordinator: hosts.on(coordinator!),
        agents: others.map((host, n) => [...hosts.on(host), ...(n === 2 ? ahead : [])]),
        address: coordinator!.address,
        etcd: `${broker!.address}:2379`,
        target: `mqtt://${broker!.address}:1883`,
      });
    } finally {
      await node.stop();
      if (etcd !== undefined && etcd.exitCode === null) {
        etcd.kill('SIGKILL');
        await once(etcd, 'exit');
      }
    }
  } finally {
    await hosts.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startEtcd(launcher: readonly string[], address: string, dataDir: string): ChildProcess {
  const [client, peer] = [`http://${address}:2379`, `http://${address}:2380`];
  const flags = {
    name: 'm',
    'data-dir': dataDir,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `m=${peer}`,
    logger: 'zap',
    'log-level': 'fatal',
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const [program, ...rest] = [...launcher, 'etcd', ...args] as [string, ...string[]];
  return spawn(program, rest, { stdio: 'inherit' });
}

/** What any run on these machines must come to. */
function check(fleet: AgentsUnderTest): void {
  const { totals, agents = [], state, generator } = fleet.record();
  assert.equal(state, 'finished');
  assert.equal(totals.connects.connectedMax, 40);
  assert.ok(totals.publishes.sent > 500);
  assert.equal(totals.publishes.sent, totals.publishes.scheduled);
  assert.equal(totals.deliveries.received, totals.deliveries.expected);
  assert.equal(totals.deliveries.duplicated, 0);
  assert.equal(generator.reportsMissing, 0);
  assert.deepEqual(
    agents.map(({ name, lost }) => [name, lost]),
    AGENTS.map((name) => [name, null]),
  );
  assert.deepEqual(
    agents.map(({ clock }) => clock?.how),
    ['shared', 'shared', 'exchange'],
  );
  const { offsetUs, uncertaintyUs } = agents[2]!.clock!;
  const errorUs = Math.abs(offsetUs - AHEAD_SEC * 1e6);
  assert.ok(errorUs <= uncertaintyUs && uncertaintyUs < 100_000, `${errorUs} ± ${uncertaintyUs}`);
}

test('agents in three network namespaces, one with a clock of its own, and a coordinator that serves the store', async () => {
  await withMachines(
    ({ coordinator, agents, address, target }) =>
      AgentsUnderTest.with(
        async (fleet) => {
          const started = AGENTS.map((name, n) =>
            fleet.agent(name, { launcher: agents[n]! }, '--once'),
          );
          const run = await fleet.coordinatorAt(coordinator, 3, target).ended;
          assert.ok([0, 6].includes(run.code ?? -1), run.err + run.out);
          check(fleet);
          for (const agent of started) assert.equal((await agent.ended).code, 0);
          // With its offset taken out, no message of the third arrives hours late or before it was sent.
          const { max, negative, count } = fleet.record().latency['delivery.response']!;
          assert.ok(max < 10e6 && negative < count / 10, `${max} µs, ${negative} below zero`);
        },
        { host: address, port: 7350 },
      ),
    false,
  );
});

test('the same over etcd, with the coordinator killed and resumed; etcd is left as it was', async () => {
  await withMachines(
    ({ coordinator, agents, address, etcd, target }) =>
      AgentsUnderTest.with(
        async (fleet) => {
          const started = AGENTS.map((name, n) =>
            fleet.agent(name, { launcher: agents[n]! }, '--once'),
          );
          const steady = ['--set', 'phases.steady.duration=6s'];
          const run = fleet.coordinatorAt(coordinator, 3, target, ...steady);
          await said(run, /steady +connected 40/);
          run.process.kill('SIGKILL');
          await run.ended;
          const resumed = await fleet.start(['run', '--resume', 'rec'], { launcher: coordinator })
            .ended;
          assert.ok([0, 6].includes(resumed.code ?? -1), resumed.err + resumed.out);
          check(fleet);
          assert.equal(fleet.record().measured.seconds, 6);
          for (const agent of started) assert.equal((await agent.ended).code, 0);
          const store = await EtcdStore.open({ endpoints: [`http://${etcd}`] });
          try {
            // The killed coordinator's lease may still run; nothing hangs on it any more.
            for (let tries = 0; (await store.read('')).entries.length > 0; tries++) {
              assert.ok(tries < 100, 'keys were left behind');
              await sleep(100);
            }
          } finally {
            await store.close();
          }
        },
        { host: address, etcd: `etcd://${etcd}` },
      ),
    true,
  );
});
