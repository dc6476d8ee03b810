import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcFs } from '../probe/mod.js';
import { parseScenario, parseTarget, scale } from '../scenario/mod.js';
import { refusal } from './check.js';
import { runChecks } from './doctor.js';
import { machineFacts } from './machine-facts.js';
import { timeChecks, timeFacts } from './time-checks.js';

/** Files as a virtual machine of two cores has them. */
const FILES: Readonly<Record<string, string>> = {
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  '/proc/sys/net/ipv4/ip_local_reserved_ports': '40000-40009,50000\n',
  '/proc/net/sockstat':
    'sockets: used 150\nTCP: inuse 127 orphan 0 tw 42 alloc 127 mem 0\nUDP: inuse 0 mem 0\n',
  '/proc/self/limits':
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max open files            20000                20000                files     \n',
  '/proc/sys/fs/file-nr': '743\t0\t2466160\n',
  '/proc/sys/net/core/somaxconn': '4096\n',
  '/proc/sys/net/ipv4/tcp_max_syn_backlog': '2048\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '262144\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '144\n',
  '/proc/meminfo': 'MemTotal:       24683620 kB\nMemAvailable:   23493760 kB\n',
  '/proc/stat':
    'cpu  32373 0 17682 415513 471 0 4002 0 0 0\n' +
    'cpu0 15236 0 8506 209377 72 0 1928 0 0 0\ncpu1 17136 0 9175 206135 398 0 2074 0 0 0\n',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
};

function tree(changes: Readonly<Record<string, string>> = {}): ProcFs {
  const files = { ...FILES, ...changes };
  return {
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT ${path}`);
      return text;
    },
    readDir: () => [],
    readLink: () => '',
  };
}

const LIMITS = { openFiles: 20_000, cores: 2, ephemeralPorts: { first: 32_768, count: 28_232 } };

const SCENARIO = parseScenario(
  `
name: fleet
connect: { ratePerSec: 8000/s }
groups: [{ name: d, count: 10k, publish: [{ topic: t/%i, arrivals: { kind: periodic, interval: 1s } }] }]
phases: [{ name: ramp, kind: ramp }, { name: s, kind: steady, duration: 5s }]
`,
  'fleet.yaml',
);
const TARGETS = [parseTarget('mqtt://10.0.0.9:1883')];

function checks(factor: number, changes: Readonly<Record<string, string>> = {}, limits = LIMITS) {
  const fs = tree(changes);
  const intended = { scenario: scale(SCENARIO, factor), targets: TARGETS };
  return runChecks(intended, limits, fs, machineFacts(fs, 2));
}

function find(all: ReturnType<typeof checks>, what: string) {
  const found = all.find((one) => one.what === what);
  assert.ok(found, `${what} is not among ${all.map((one) => one.what).join(', ')}`);
  return found;
}

test('a fleet that fits is fit, each check with what it needs and what is there', () => {
  const all = checks(1);
  assert.equal(refusal(all), undefined);
  assert.deepEqual([...new Set(all.map(({ state }) => state))], ['ok']);
  assert.deepEqual(find(all, 'local ports'), {
    what: 'local ports',
    needs: '10,000 to 10.0.0.9:1883',
    has: '28,221 (32768–60999, 11 reserved)',
    state: 'ok',
    fix: [],
  });
  assert.equal(find(all, 'TIME_WAIT').has, '42');
  assert.equal(find(all, 'open files').needs, '10,080 in 1 process');
  assert.equal(find(all, 'conntrack').has, '262,000 free of 262,144');
});

test('a million devices are refused with the arithmetic of all that lacks', () => {
  const all = checks(100);
  const text = refusal(all)!;
  assert.match(
    text,
    /^local ports: needs 1,000,000 to 10\.0\.0\.9:1883, has 28,221 .*: 36 addresses/m,
  );
  assert.match(
    text,
    /^conntrack: needs 1,000,000, has 262,000 free of 262,144: sysctl -w net\.netf/m,
  );
  assert.equal(text.split('\n').length, 2, text);
  assert.equal(find(all, 'open files').needs, '19,688 in each of 51 processes');
  assert.equal(find(all, 'listen backlog').state, 'warn');
});

test('memory counts with what the cgroup leaves, of either version', () => {
  const v2 = {
    '/proc/self/cgroup': '0::/app/run\n',
    '/sys/fs/cgroup/app/memory.max': '104857600\n',
    '/sys/fs/cgroup/app/memory.current': '52428800\n',
    '/sys/fs/cgroup/app/run/memory.max': 'max\n',
    '/sys/fs/cgroup/app/run/memory.current': '1000\n',
    '/sys/fs/cgroup/app/cpu.max': '50000 100000\n',
    '/sys/fs/cgroup/app/pids.max': '20\n',
    '/sys/fs/cgroup/app/pids.current': '15\n',
  };
  const all = checks(1, v2);
  assert.equal(find(all, 'memory').state, 'fail');
  assert.equal(find(all, 'memory').has, '50.0 MiB in its cgroup');
  assert.equal(find(all, 'cores').has, '0.5 of 2 (cgroup quota)');
  assert.equal(find(all, 'processes').has, '5 free of 20 in its cgroup');
  assert.equal(find(all, 'processes').state, 'fail');
  const v1 = {
    '/proc/self/cgroup': '4:memory:/box\n1:cpu,cpuacct:/box\n',
    '/sys/fs/cgroup/memory/box/memory.limit_in_bytes': '104857600\n',
    '/sys/fs/cgroup/memory/box/memory.usage_in_bytes': '52428800\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/memory/memory.usage_in_bytes': '52428800\n',
  };
  assert.equal(find(checks(1, v1), 'memory').has, '50.0 MiB in its cgroup');
});

test('a file limit that no number of processes makes up for is refused with one that will do', () => {
  const text = refusal(checks(2, {}, { ...LIMITS, openFiles: 160 }))!;
  assert.match(text, /^open files: needs more for 20,000, .*: ulimit -n \d+; or LimitNOFILE=\d+/);
  const enough = Number(/ulimit -n (\d+)/.exec(text)![1]);
  assert.equal(refusal(checks(2, {}, { ...LIMITS, openFiles: enough })), undefined);
});

test('conntrack that tracks nothing is a doubt, not a refusal', () => {
  const all = checks(100, { '/proc/sys/net/netfilter/nf_conntrack_count': '0\n' });
  assert.equal(find(all, 'conntrack').state, 'warn');
});

test('what cannot be read is left out, not guessed', () => {
  const fs: ProcFs = {
    readFile: () => {
      throw new Error('ENOENT');
    },
    readDir: () => [],
    readLink: () => '',
  };
  const intended = { scenario: SCENARIO, targets: TARGETS };
  const all = runChecks(intended, LIMITS, fs, machineFacts(fs, 2));
  assert.deepEqual(
    all.map(({ what }) => what),
    ['local ports', 'TIME_WAIT', 'open files', 'cores'],
  );
});

test('clock, governor, steal, load and flags are doubts about the figures', () => {
  const powersave = { '/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor': 'powersave\n' };
  const hpet = {
    '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet\n',
  };
  const good = {
    clockCostNs: 50,
    clockStepNs: 30,
    busyShare: 0.02,
    stealShare: 0,
    nodeVersion: 'v20.19.0',
    nodeFlags: ['--max-old-space-size=8192'],
  };
  const states = (facts: typeof good, changes = {}) =>
    timeChecks(facts, machineFacts(tree(changes), 2)).map(({ what, state }) => `${what} ${state}`);
  assert.ok(states(good).every((text) => text.endsWith(' ok')));
  assert.deepEqual(
    states(
      {
        ...good,
        stealShare: 0.05,
        busyShare: 0.5,
        nodeVersion: 'v20.9.0',
        nodeFlags: ['--inspect'],
      },
      { ...powersave, ...hpet },
    ),
    ['clock warn', 'CPU governor warn', 'stolen CPU warn', 'CPU in use warn', 'Node warn'],
  );
});

test('steal and use are shares of all cores over the time that was watched', async () => {
  let reads = 0;
  const fs: ProcFs = {
    ...tree(),
    // Both cores work a tenth of 100 ms and are robbed of a twentieth, in ticks of 10 ms.
    readFile: (path) =>
      path !== '/proc/stat'
        ? ''
        : reads++ === 0
          ? 'cpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\n'
          : 'cpu0 1 0 0 9 0 0 0 0\ncpu1 1 0 0 8 0 0 0 1\n',
  };
  const { busyShare, stealShare, clockCostNs } = await timeFacts(fs, 100);
  assert.ok(busyShare > 0.03 && busyShare <= 0.1, `${busyShare}`);
  assert.ok(Math.abs(stealShare - busyShare / 2) < 1e-9);
  assert.ok(clockCostNs > 0 && clockCostNs < 100_000);
});
