import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { counter, readRun } from '../results/mod.js';
import { runCli } from './cli-under-test.js';
import { AgentsUnderTest, said } from './testing/agent-fleet.js';
import { withBroker } from './testing/with-broker.js';

test('three agents offer what one machine offers, and lose nothing', async () => {
  await withBroker((target) =>
    AgentsUnderTest.with(async (fleet) => {
      const { folder: cwd } = fleet;
      const agents = ['a', 'b', 'c'].map((name) => fleet.agent(name, {}, '--once'));
      const run = await fleet.coordinator(3, target).ended;
      assert.equal(run.code, 0, run.err + run.out);
      for (const agent of agents) assert.equal((await agent.ended).code, 0, agent.output.err);
      const spread = fleet.record();
      const args = ['run', 's.yaml', '--target', target, '--out', 'one', '--probe', 'none'];
      const alone = await runCli([...args, '--threads', '1'], { cwd });
      assert.equal(alone.code, 0, alone.err);
      const one = fleet.record('one');
      for (const { totals } of [spread, one]) {
        assert.equal(totals.publishes.sent, totals.publishes.scheduled);
        assert.equal(totals.deliveries.received, totals.deliveries.expected);
        assert.equal(totals.deliveries.duplicated, 0);
      }
      assert.equal(spread.totals.publishes.scheduled, one.totals.publishes.scheduled);
      assert.equal(spread.totals.deliveries.expected, one.totals.deliveries.expected);
      assert.equal(spread.scenarioHash, one.scenarioHash);
      assert.deepEqual(
        spread.agents?.map(({ name, devices, lost }) => [name, devices, lost]),
        [
          ['a', 14, null],
          ['b', 13, null],
          ['c', 13, null],
        ],
      );
      // One machine, one clock: the offset is nothing, and known to be within the uncertainty.
      for (const { name, clock } of spread.agents ?? []) {
        assert.ok(clock !== null && clock.series.length >= 3, name);
        assert.equal(clock.how, 'shared');
        for (const { offsetUs, uncertaintyUs } of clock.series) {
          assert.ok(
            Math.abs(offsetUs) <= uncertaintyUs + 1,
            `${name}: ${offsetUs} ± ${uncertaintyUs}`,
          );
        }
      }
      assert.ok(!existsSync(join(cwd, 'rec', 'resume.journal')), 'a whole record needs no journal');
    }),
  );
});

test('an agent that is killed in mid-run: the run goes on, says so, and is suspect', async () => {
  await withBroker((target) =>
    AgentsUnderTest.with(async (fleet) => {
      const agents = ['a', 'b'].map((name) => fleet.agent(name));
      const run = fleet.coordinator(2, target, '--set', 'phases.steady.duration=9s');
      await said(run, /steady +connected 40/);
      agents[1]!.process.kill('SIGKILL');
      const { code, err } = await run.ended;
      const record = fleet.record();
      assert.equal(code, 0, err + JSON.stringify(record.verdict));
      assert.equal(record.state, 'finished');
      assert.equal(record.verdict.state, 'suspect');
      const lost = record.verdict.reasons.find((reason) => reason.code === 'AGENT_LOST');
      assert.match(
        lost?.text ?? '',
        /^agent b .* was lost in second \d+, it is gone: its 20 devices/,
      );
      assert.equal(record.agents?.[0]?.lost, null);
      assert.equal(record.generator.shardsLost, 1);
      const last = (await (await readRun(join(fleet.folder, 'rec'))).intervals()).at(-3)!;
      assert.equal(counter(last.counters, 'connected'), 20, 'the others stayed');
    }),
  );
});

test('a coordinator that is killed in mid-run is resumed: its agents went on, and the record is whole', async () => {
  await withBroker((target) =>
    AgentsUnderTest.with(async (fleet) => {
      const agents = ['a', 'b'].map((name) => fleet.agent(name, {}, '--once'));
      const run = fleet.coordinator(2, target, '--set', 'phases.steady.duration=6s');
      await said(run, /steady +connected 40/);
      run.process.kill('SIGKILL');
      await run.ended;
      assert.equal(fleet.record().state, 'running');
      const other = await fleet.start(['run', '--resume', 'elsewhere']).ended;
      assert.equal(other.code, 2);
      assert.match(other.err, /elsewhere: there is no run with agents in it that was cut short/);
      const resumed = await fleet.start(['run', '--resume', 'rec']).ended;
      assert.equal(resumed.code, 0, resumed.err + resumed.out);
      for (const agent of agents) assert.equal((await agent.ended).code, 0, agent.output.err);
      const record = fleet.record();
      assert.equal(record.state, 'finished');
      // A machine with much else to do may be late; nothing else is to be found fault with.
      const faults = record.verdict.reasons.filter(({ severity }) => severity !== 'note');
      assert.deepEqual(
        faults.filter(({ code }) => !code.startsWith('GENERATOR_')),
        [],
      );
      assert.equal(record.measured.seconds, 6);
      assert.equal(record.generator.reportsMissing, 0);
      const { publishes, deliveries, connects } = record.totals;
      assert.deepEqual([connects.attempted, connects.connectedMax, connects.lost], [40, 40, 0]);
      // 40 devices, 6 s: 200 a second at QoS 1 and 10 a second at QoS 0.
      assert.ok(publishes.scheduled > 1220 && publishes.scheduled < 1300, `${publishes.scheduled}`);
      assert.equal(publishes.sent, publishes.scheduled);
      assert.equal(deliveries.received, deliveries.expected);
      assert.equal(deliveries.lost, 0);
      const read = await readRun(join(fleet.folder, 'rec'));
      const rows = await read.intervals();
      assert.deepEqual(
        rows.map(({ second }) => second),
        rows.map((_, index) => index),
      );
      assert.equal((await read.histogram('delivery.response'))!.totalCount, deliveries.received);
      assert.ok(!existsSync(join(fleet.folder, 'rec', 'resume.journal')));
    }),
  );
});

test('Ctrl-C at the coordinator ends all agents’ parts in order, exit 7; without it for long they end by themselves', async () => {
  await withBroker((target) =>
    AgentsUnderTest.with(async (fleet) => {
      const agents = ['a', 'b'].map((name) => fleet.agent(name));
      const stopped = fleet.coordinator(2, target, '--set', 'phases.steady.duration=60s');
      await said(stopped, /steady +connected 40/);
      stopped.process.kill('SIGINT');
      const { code, err } = await stopped.ended;
      assert.equal(code, 7, err);
      const record = fleet.record();
      assert.equal(record.state, 'interrupted');
      assert.equal(record.totals.connects.lost, 0);
      for (const agent of agents) await said(agent, /ended, the run is over/);

      // The same agents take part in the next run, whose coordinator goes without a word.
      const more = ['--out', 'next', '--patience', '2s', '--set', 'phases.steady.duration=60s'];
      const killed = fleet.coordinator(2, target, ...more);
      await said(killed, /steady +connected 40/);
      killed.process.kill('SIGKILL');
      await killed.ended;
      for (const agent of agents) {
        await said(agent, /ended, nothing was heard of the coordinator for 2 s/);
        agent.process.kill('SIGTERM');
        assert.equal((await agent.ended).code, 0);
      }
    }),
  );
});

test('agents that are missing, strangers, and plans that do not fit: one line, and nothing is written', async () => {
  await withBroker((target) =>
    AgentsUnderTest.with(async (fleet) => {
      const stranger = fleet.agent('stranger', {
        env: { FLEETGAUGE_SECRET: 'not the secret at all' },
      });
      const small = fleet.agent('small', { openFiles: 200 });
      const few = await fleet.coordinator(2, target, '--agents-wait', '8s').ended;
      assert.equal(few.code, 3, few.err);
      assert.match(few.err, /1 of 2 agents are there: small after 8 s/);
      assert.match(few.err, /127\.0\.0\.1 was turned away: it does not know the secret/);
      const { code, err } = await stranger.ended;
      assert.equal(code, 2);
      assert.match(err, /has another secret/);
      const large = await fleet.coordinator(1, target, '--set', 'groups.d.count=20k').ended;
      assert.equal(large.code, 2, large.err);
      assert.match(
        large.err,
        /small would have 625 connections in each of 32 processes and 705 open files, and may have 200/,
      );
      assert.ok(!existsSync(join(fleet.folder, 'rec')));
      small.process.kill('SIGINT');
      assert.equal((await small.ended).code, 0);
    }),
  );
});

test('flags that make no sense together are refused, exit 2', async () => {
  const refused = async (args: string[], says: RegExp): Promise<void> => {
    const { code, err } = await runCli(args, { env: { FLEETGAUGE_SECRET: '' } });
    assert.equal(code, 2, err);
    assert.match(err, says);
    assert.equal(err.trim().split('\n').length, 1, err);
  };
  const run = ['run', 'smoke', '--target', 'mqtt://127.0.0.1:1'];
  await refused(['agent'], /needs a store/);
  await refused(['agent', '--store', 'embedded://127.0.0.1:1'], /need a secret that they share/);
  await refused(['agent', '--store', 'redis://h:1'], /expected etcd:\/\//);
  await refused(['agent', '--store', 'etcd://u@127.0.0.1:1'], /the password of u is missing/);
  await refused(['agent', '--store', 'embedded'], /say where the coordinator listens/);
  await refused([...run, '--store', 'embedded'], /say how many agents/);
  await refused([...run, '--agents', '0'], /from 1 to 100/);
  await refused([...run, '--agents', '2', '--threads', '2'], /each agent’s own/);
  await refused([...run, '--agents', '2', '--listen', 'here'], /expected host:port/);
  await refused(['run', 'smoke', '--resume', 'x'], /leave the scenario out/);
});
