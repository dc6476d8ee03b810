import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FILES_PER_THREAD, OWN_FILES } from '../bench/fleet/layout.js';
import { parseScenario } from '../bench/mod.js';
import { type RunRecord, readRun } from '../results/mod.js';
import { encode } from '../wire/mod.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';
import { withBroker } from './testing/with-broker.js';

const SCENARIO = `name: small
connect: { ratePerSec: 500, timeout: 5s }
groups:
  - name: d
    count: 60
    subscribe: [{ filter: 'p2p/%i', qos: 1 }, { filter: 'all/#', qos: 0 }]
    publish:
      - { topic: 'p2p/%i', qos: 1, arrivals: { kind: periodic, interval: 100ms } }
      - { topic: 'all/%i', qos: 0, arrivals: { kind: poisson, ratePerSec: 20 } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 3s }
  - { name: drain, kind: drain, duration: 3s }
`;

/** A server of the test's own making. */
async function withServer(
  answer: (socket: Socket) => void,
  play: (target: string) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await play(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

function readRecord(folder: string): RunRecord {
  return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunRecord;
}

/** Processes that name this folder on their command line, or descend from one. */
function processesOf(pid: number): string[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  const family = new Set([String(pid)]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [own, parent] of rows) {
      if (own && parent && family.has(parent) && !family.has(own)) {
        family.add(own);
        grew = true;
      }
    }
  }
  return rows.filter(([own]) => own !== undefined && family.has(own)).map((row) => row.join(' '));
}

/** The command lines of a run's processes of devices, once there are so many. */
async function hostsOf(pid: number, count: number): Promise<string[]> {
  for (let look = 0; look < 300; look++) {
    const hosts = processesOf(pid).filter((line) => line.includes('shard-host'));
    if (hosts.length === count) return hosts;
    await sleep(100);
  }
  throw new Error(`there were never ${count} of them`);
}

test('a run against the bundled broker loses nothing and leaves a whole record', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const run = await runCli(['run', 's.yaml', '--target', target, '--out', 'rec'], { cwd });
      assert.equal(run.code, 0, run.err + run.out);
      const { record, intervals, histogram } = await readRun(join(cwd, 'rec')).then((r) => ({
        record: r.record,
        intervals: () => r.intervals(),
        histogram: (name: 'delivery.response') => r.histogram(name),
      }));
      const { publishes, deliveries, connects } = record.totals;
      assert.equal(record.state, 'finished');
      assert.equal(connects.succeeded, 60);
      assert.equal(publishes.scheduled, publishes.sent);
      // 600 a second at QoS 1 to one subscriber, 20 a second at QoS 0 to all 60.
      assert.ok(publishes.sent > 1700 && publishes.sent < 2000, `${publishes.sent}`);
      assert.ok(deliveries.expected > 1800 + 60 * 30, `${deliveries.expected}`);
      assert.equal(deliveries.received, deliveries.expected);
      assert.equal(deliveries.lost, 0);
      assert.equal(deliveries.duplicated, 0);
      assert.equal(deliveries.outOfOrder, 0);
      assert.equal((await histogram('delivery.response'))?.totalCount, deliveries.received);
      assert.ok((await intervals()).length >= 4);
      for (const path of ['connect', 'subscribe', 'publish', 'delivery']) {
        for (const clock of ['service', 'response', 'lag']) {
          assert.ok(existsSync(join(cwd, 'rec', `${path}.${clock}.hlog`)), `${path}.${clock}`);
        }
      }
      // The broker is this very process: it was found by its port and watched.
      assert.equal(record.probes[0]?.pid, process.pid);
      assert.ok((record.probes[0]?.rssBytesMax ?? 0) > 10e6);
      assert.match(run.out, /lost 0, duplicated 0, out of order 0/);
    }),
  );
});

test('the MQTT.js driver measures the same run', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--set', 'groups.d.driver=mqttjs'];
      const run = await runCli([...args, '--json', '--quiet'], { cwd });
      assert.equal(run.code, 0, run.err);
      assert.equal(run.err, '');
      const record = JSON.parse(run.out) as RunRecord;
      assert.equal(record.totals.deliveries.received, record.totals.deliveries.expected);
      assert.equal(record.totals.deliveries.duplicated, 0);
      assert.ok((record.latency['publish.service']?.count ?? 0) > 1500);
    }),
  );
});

test('a low open-file limit spreads the devices over processes', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--set', 'groups.d.count=400', '--json'];
      const run = await runCli([...args, '--quiet'], { cwd, openFiles: 256 });
      assert.equal(run.code, 0, run.err);
      const { generator, totals } = JSON.parse(run.out) as RunRecord;
      assert.equal(generator.processes, 3);
      assert.equal(totals.connects.succeeded, 400);
      assert.equal(totals.deliveries.lost, 0);
      assert.equal(totals.deliveries.duplicated, 0);
    }),
  );
});

test('where many processes share a core each drives its devices in its main thread, and none is lost', async () => {
  const openFiles = 256;
  // One more than is too few to be many, each as full as the limit lets it.
  const processes = 4 * availableParallelism() + 1;
  const devices = (openFiles - OWN_FILES - FILES_PER_THREAD) * (processes - 1) + 1;
  const quiet = `name: many
connect: { ratePerSec: 1000 }
groups:
  - { name: quiet, count: ${devices - 10} }
  - name: loud
    count: 10
    subscribe: [{ filter: 'p2p/%i', qos: 1 }]
    publish: [{ topic: 'p2p/%i', qos: 1, arrivals: { kind: periodic, interval: 100ms } }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 2s }
`;
  await withBroker((target) =>
    inFolder({ 's.yaml': quiet }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--json', '--quiet'];
      const run = startCli(args, { cwd, openFiles });
      const hosts = await hostsOf(run.process.pid!, processes);
      for (const host of hosts) assert.match(host, /--max-semi-space-size=4 --single-threaded-gc/);
      const { code, out, err } = await run.ended;
      assert.equal(code, 0, err);
      const { generator, totals } = JSON.parse(out) as RunRecord;
      assert.equal(generator.processes, processes);
      assert.equal(totals.connects.succeeded, devices);
      assert.ok(totals.publishes.sent > 150, `${totals.publishes.sent}`);
      assert.deepEqual([totals.deliveries.lost, totals.deliveries.duplicated], [0, 0]);
    }),
  );
});

test('a limit that no number of processes makes up for is refused with the arithmetic', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--set', 'groups.d.count=25000'];
      const run = await runCli(args, { cwd, openFiles: 256 });
      assert.equal(run.code, 2);
      assert.match(run.err, /open files: needs more for 25,000, has 256 a process: ulimit -n \d+/);
      assert.ok(!existsSync(join(cwd, 'runs')), 'nothing is written');
    }),
  );
});

test('a scenario with a cluster and no target starts it, deals devices over its replicants, and ends it', async () => {
  const own = SCENARIO.replace('groups:', 'cluster: { cores: 1, replicants: 2 }\ngroups:');
  await inFolder({ 's.yaml': own }, async (cwd) => {
    const run = await runCli(['run', 's.yaml', '--json'], { cwd });
    assert.equal(run.code, 0, run.err);
    const { probes, target, totals } = JSON.parse(run.out) as RunRecord;
    assert.deepEqual(
      probes.map(({ node }) => node),
      ['core1', 'replicant1', 'replicant2'],
    );
    assert.equal(target.length, 2);
    assert.equal(totals.connects.succeeded, 60);
    assert.equal(totals.deliveries.lost, 0);
    for (const { pid } of probes) assert.ok(!existsSync(`/proc/${pid}`), `${pid} is still there`);
    assert.doesNotMatch(run.err, /no contact/);
  });
});

test('the million is refused with the arithmetic where files do not suffice, before a node is started', async () => {
  const run = await runCli(['run', 'million'], { openFiles: 1024 });
  assert.equal(run.code, 2, run.err);
  assert.match(
    run.err,
    /^a process may have 1024 open files .*1000000 connections need \d+ in each of 250 nodes: raise it with 'ulimit -n \d+'/,
  );
  assert.equal(run.err.split('\n').length, 2);
});

test('a limit too low even to start is said with what to do, exit 2', async () => {
  const run = await runCli(['presets'], { openFiles: 64 });
  assert.equal(run.code, 2, run.err);
  assert.match(run.err, /^a process may have 64 open files here .*'ulimit -n 1024' or more\n$/);
});

test('quickstart says beforehand when its broker may not have a file for each device, exit 2', async () => {
  await inFolder({}, async (cwd) => {
    const run = await runCli(['quickstart'], { cwd, openFiles: 4096 });
    assert.equal(run.code, 2, run.err);
    assert.match(run.err, /^a process may have 4096 .*'ulimit -n 5064' or more, .*--scale 0\.8\n$/);
    assert.equal(run.out, '');
    assert.deepEqual(readdirSync(cwd), []);
  });
});

test('a run whose output nobody reads any more ends, and not as if all were well', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const run = startCli(['run', 's.yaml', '--target', target, '--out', 'rec'], { cwd });
      run.process.stderr!.once('data', () => run.process.stderr!.destroy());
      const { code } = await run.ended;
      assert.equal(code, 7);
      assert.equal(readRecord(join(cwd, 'rec')).state, 'running');
    }),
  );
});

test('kill -9 in mid-run leaves a readable record, and no process behind', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--out', 'rec'];
      const run = startCli([...args, '--set', 'phases.steady.duration=60s'], { cwd });
      const pid = run.process.pid!;
      try {
        for (let waited = 0; !/steady/.test(run.output.err); waited += 50) {
          assert.ok(waited < 30_000, run.output.err);
          await sleep(50);
        }
        await sleep(1500);
        const family = processesOf(pid).map((row) => Number(row.split(' ')[0]));
        assert.ok(family.length >= 2, 'the fleet is a process of its own');
        run.process.kill('SIGKILL');
        await run.ended;
        for (let waited = 0; family.some((own) => existsSync(`/proc/${own}`)); waited += 50) {
          assert.ok(waited < 10_000, 'the fleet outlived its coordinator');
          await sleep(50);
        }
        const record = await readRun(join(cwd, 'rec'));
        assert.equal(record.record.state, 'running');
        assert.equal(record.record.finishedAt, null);
        assert.ok(record.record.totals.publishes.sent > 0);
        assert.ok((await record.intervals()).length >= 2);
        assert.ok((await record.histogram('publish.service'))!.totalCount > 0);
      } finally {
        run.process.kill('SIGKILL');
      }
    }),
  );
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a run in order: the record is whole and says so, exit 7`, async () => {
    await withBroker((target) =>
      inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
        const args = ['run', 's.yaml', '--target', target, '--out', 'rec'];
        const run = startCli([...args, '--set', 'phases.steady.duration=60s'], { cwd });
        for (let waited = 0; !/steady/.test(run.output.err); waited += 50) {
          assert.ok(waited < 30_000, run.output.err);
          await sleep(50);
        }
        run.process.kill(signal);
        const { code, err } = await run.ended;
        assert.equal(code, 7, err);
        const record = readRecord(join(cwd, 'rec'));
        assert.equal(record.state, 'interrupted');
        assert.ok(record.finishedAt !== null);
        assert.equal(record.totals.connects.lost, 0);
      }),
    );
  });
}

test('a pause between two measured phases lasts as long as it says, and dilutes no rate', async () => {
  const phases = `phases:
  - { name: ramp, kind: ramp }
  - { name: one, kind: steady, duration: 2s }
  - { name: pause, kind: drain, duration: 4s }
  - { name: two, kind: steady, duration: 2s }
`;
  const scenario = SCENARIO.slice(0, SCENARIO.indexOf('phases:')) + phases;
  await withBroker((target) =>
    inFolder({ 's.yaml': scenario }, async (cwd) => {
      const run = await runCli(['run', 's.yaml', '--target', target, '--json', '--quiet'], { cwd });
      assert.equal(run.code, 0, run.err);
      const { measured } = JSON.parse(run.out) as RunRecord;
      assert.equal(measured.seconds, 4);
      const perSec = (measured.counters.publishesSent ?? 0) / measured.seconds;
      assert.ok(perSec > 550 && perSec < 690, `${perSec} of 620/s`);
    }),
  );
});

test('messages used up early, and not all answered: the drain lasts no longer than it says', async () => {
  const welcome = encode({ type: 'connack', sessionPresent: false, reasonCode: 0 }, 5);
  const scenario = `name: unanswered
groups:
  - { name: d, count: 1, publish: [{ topic: t, qos: 1, arrivals: { kind: periodic, interval: 100ms }, limit: 3 }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 30s }
  - { name: drain, kind: drain, duration: 2s }
`;
  await withServer(
    (socket) => socket.once('data', () => socket.write(welcome)),
    (target) =>
      inFolder({ 's.yaml': scenario }, async (cwd) => {
        await runCli(['run', 's.yaml', '--target', target, '--out', 'rec', '--quiet'], { cwd });
        const { phases, totals } = readRecord(join(cwd, 'rec'));
        assert.deepEqual([totals.publishes.sent, totals.publishes.acked], [3, 0]);
        const drain = phases.find(({ kind }) => kind === 'drain')!;
        assert.ok(drain.endUs! - drain.startUs < 3e6, `${drain.startUs} to ${drain.endUs}`);
      }),
  );
});

test('a failed objective exits 4 with what was measured; a mistyped one is refused before anything connects', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
      const args = ['run', 's.yaml', '--target', target, '--quiet'];
      const failed = await runCli([...args, '--objective', 'publish.response.p99 < 1us'], { cwd });
      assert.equal(failed.code, 4, failed.err);
      assert.match(failed.out, /publish\.response\.p99 < 1us/);
      const typo = await runCli([...args, '--objective', 'publsh.response.p99 < 1ms'], { cwd });
      assert.equal(typo.code, 2);
      assert.match(typo.err, /publish/);
      assert.equal(readdirSync(join(cwd, 'runs')).length, 1, 'the refused one left nothing');
    }),
  );
});

test('a folder that holds a record already is left as it is', async () => {
  await withBroker((target) =>
    inFolder({ 's.yaml': SCENARIO, 'run.json': '{}' }, async (cwd) => {
      const run = await runCli(['run', 's.yaml', '--target', target, '--out', '.'], { cwd });
      assert.equal(run.code, 2);
      assert.match(run.err, /already holds a run record/);
      assert.equal(readFileSync(join(cwd, 'run.json'), 'utf8'), '{}');
      assert.deepEqual(readdirSync(cwd).sort(), ['run.json', 's.yaml']);
    }),
  );
});

test('a target that refuses, is silent, or does not speak MQTT: one line, exit 3, nothing written', async () => {
  await inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
    const attempt = async (target: string, says: RegExp): Promise<void> => {
      const run = await runCli(['run', 's.yaml', '--target', target], { cwd });
      assert.equal(run.code, 3, run.err);
      assert.match(run.err.trim(), says);
      assert.equal(run.err.trim().split('\n').length, 1, run.err);
      assert.ok(!existsSync(join(cwd, 'runs')));
    };
    await attempt('mqtt://127.0.0.1:9', /^mqtt:\/\/127\.0\.0\.1:9 refuses connections/);
    await withServer(
      (socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      (target) => attempt(target, /does not speak MQTT: .*HTTP\/1\.1 400/),
    );
    await withServer(
      (socket) => socket.on('data', () => socket.destroy()),
      (target) => attempt(target, /instead of answering CONNECT/),
    );
    await withServer(
      () => undefined,
      (target) => attempt(target, /does not answer a CONNECT within 5 s/),
    );
  });
});

test('a target that lets nobody in: the reason by name, a record that says so, exit 3', async () => {
  const refuse = encode({ type: 'connack', sessionPresent: false, reasonCode: 0x87 }, 5);
  await withServer(
    (socket) => socket.on('data', () => socket.end(refuse)),
    (target) =>
      inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
        const run = await runCli(['run', 's.yaml', '--target', target, '--out', 'rec'], { cwd });
        assert.equal(run.code, 3, run.err);
        assert.match(run.out, /Not authorized \(0x87\)/);
        const record = readRecord(join(cwd, 'rec'));
        assert.equal(record.totals.connects.failed, 60);
        assert.equal(record.totals.publishes.sent, 0);
      }),
  );
});

test('bad command lines and scenarios: one clear line each, exit 2', async () => {
  const broken = SCENARIO.replace('count: 60', 'count: many');
  await inFolder({ 's.yaml': SCENARIO, 'broken.yaml': broken }, async (cwd) => {
    const cases: [string[], RegExp][] = [
      [['run', 'broken.yaml'], /^broken\.yaml:5:12: groups\.0\.count: expected a whole number/],
      [['run', 'missing.yaml'], /missing\.yaml.*no such file/],
      [['run', 'quickstrat'], /did you mean 'quickstart'/],
      [['run', 's.yaml'], /small names no target: add --target/],
      [['run', 's.yaml', '--target', 'http://h'], /expected mqtt:\/\//],
      [['run', 's.yaml', '--tagret', 'mqtt://h'], /tagret/],
      [['run', 's.yaml', '--set', 'groups.9.count=1'], /groups/],
      [['run', 's.yaml', '--scale', '0'], /--scale 0/],
      [['run', 's.yaml', '--scale', 'half'], /--scale: expected a number/],
      [['run', 's.yaml', '--scale'], /--scale: a value is missing/],
      [['run', 's.yaml', '--target'], /--target: a value is missing/],
      [['run', 's.yaml', '--target', 'mqtt://a', '--target', 'mqtt://b'], /--target: given twice/],
      [['run', 's.yaml', '--target', 'mqtt://h', '--threads', '0'], /--threads 0: .* above 0/],
      [['run', 's.yaml', '--target', 'mqtt://h', '--threads', '1.5'], /--threads 1.5: .* whole/],
      [['pub', '-t', 'x', '--threads', 'few'], /--threads: expected a number/],
      [['pub', '-t', 'x', '--out'], /--out: a value is missing/],
      [['quickstart', '--scale', '-1'], /--scale -1/],
      [['broker', 'start', '--port', 'any'], /--port: expected a number/],
      [['broker'], /broker needs a verb: start/],
      [['run', 's.yaml', '--target', 'mqtt://127.0.0.1:9', '--probe', 'x'], /name=pid/],
      [['run'], /run needs a scenario/],
      [['rnu'], /rnu/],
      [['broker', 'start', '--port'], /port/],
      [['broker', 'start', '--port', 'x'], /port/],
      [[], /verb/],
      [['pub', '-t', 'x', '--quic', 'true'], /quic/i],
      [['pub', '-t', 'x', '--cuont', '5'], /count/],
      [['pub', '-c', '5'], /topic/],
    ];
    for (const [args, says] of cases) {
      const run = await runCli(args, { cwd });
      assert.equal(run.code, 2, `${args.join(' ')}: ${run.code} ${run.err}`);
      assert.match(run.err, says, args.join(' '));
      assert.doesNotMatch(run.err, /\n\s+at /, 'no stack');
      assert.equal(run.out, '');
    }
    assert.deepEqual(readdirSync(cwd).sort(), ['broken.yaml', 's.yaml']);
  });
});

test('--dry-run prints the scenario, which reads back, and runs nothing', async () => {
  await inFolder({}, async (cwd) => {
    const args = ['pub', '-h', '127.0.0.1', '-p', '9', '-c', '50', '-t', 'a/%i', '-q', '1'];
    const run = await runCli([...args, '--dry-run'], { cwd });
    assert.equal(run.code, 0, run.err);
    const scenario = parseScenario(run.out, 'printed.yaml');
    assert.equal(scenario.groups[0]!.count, 50);
    assert.deepEqual(scenario.target, ['mqtt://127.0.0.1:9']);
    assert.deepEqual(readdirSync(cwd), []);
  });
});

test('conn, pub and sub run what emqtt-bench would', async () => {
  await withBroker((target) =>
    inFolder({}, async (cwd) => {
      const { port } = new URL(target.replace('mqtt', 'http'));
      const common = ['-h', '127.0.0.1', '-p', port, '-c', '20', '-i', '5', '--quiet', '--json'];
      const conn = await runCli(['conn', ...common, '--duration', '2s'], { cwd });
      assert.equal(conn.code, 0, conn.err);
      assert.equal((JSON.parse(conn.out) as RunRecord).totals.connects.succeeded, 20);
      const pub = ['pub', ...common, '-t', 'bench/%i', '-q', '1', '-I', '20', '-L', '2500'];
      const published = await runCli(pub, { cwd });
      assert.equal(published.code, 0, published.err);
      const { publishes } = (JSON.parse(published.out) as RunRecord).totals;
      assert.deepEqual(publishes, { scheduled: 2500, sent: 2500, acked: 2500, failed: 0, away: 0 });
      const sub = ['sub', ...common, '-t', 'bench/#', '-t', 'more/%i', '-q', '2'];
      const subscribed = await runCli([...sub, '--duration', '2s'], { cwd });
      assert.equal(subscribed.code, 0, subscribed.err);
      assert.equal((JSON.parse(subscribed.out) as RunRecord).totals.subscribes.succeeded, 40);
    }),
  );
});

test('a flag has a twin in the environment, and the command line wins', async () => {
  await inFolder({ 's.yaml': SCENARIO }, async (cwd) => {
    const env = { FLEETGAUGE_TARGET: 'mqtt://127.0.0.1:7', FLEETGAUGE_DRY_RUN: 'true' };
    const twin = await runCli(['run', 's.yaml'], { cwd, env });
    assert.equal(twin.code, 0, twin.err);
    assert.match(twin.out, /127\.0\.0\.1:7/);
    const typed = await runCli(['run', 's.yaml', '--target', 'mqtt://127.0.0.1:8'], { cwd, env });
    assert.match(typed.out, /127\.0\.0\.1:8/);
  });
});
