import { setTimeout as sleep } from 'node:timers/promises';
import { formatPercent } from '../../results/mod.js';
import { type CoreTimes, parseCores } from '../probe/machine.js';
import type { ProcFs } from '../probe/mod.js';
import { type Check, check } from './check.js';
import type { MachineFacts } from './machine-facts.js';

/** What a second of watching this machine showed. */
export interface TimeFacts {
  /** Of one reading of the clock that latencies are taken with. */
  readonly clockCostNs: number;
  /** The least step between two readings that differ. */
  readonly clockStepNs: number;
  /** Of all cores together, before the run has begun. */
  readonly busyShare: number;
  readonly stealShare: number;
  readonly nodeVersion: string;
  /** Flags of Node, by command line or environment. */
  readonly nodeFlags: readonly string[];
}

const CLOCK_BATCHES = 50;
const CLOCK_READINGS = 500;
/** Read twice a message: dearer than this it is seen in the CPU; coarser than that, in latencies. */
const DEAR_CLOCK_NS = 1000;
const COARSE_CLOCK_NS = 10_000;
const GOOD_CLOCKS: ReadonlySet<string> = new Set([
  'tsc',
  'kvm-clock',
  'hyperv_clocksource_tsc_page',
  'arch_sys_counter',
  'timebase',
  'tod',
]);
const STEAL_WARN_SHARE = 0.01;
const BUSY_WARN_SHARE = 0.2;
/** `engines` in package.json. */
const LEAST_NODE = [20, 19] as const;
/** Flags that make every figure another one. */
const SLOW_FLAGS =
  /^--(inspect|cpu-prof|prof$|heap-prof|trace|jitless|no-opt|max-lazy|enable-source-maps)/;

/** Watches for `watchMs` and reads the clock. */
export async function timeFacts(fs: ProcFs, watchMs = 1000): Promise<TimeFacts> {
  const before = cores(fs);
  const beganNs = process.hrtime.bigint();
  await sleep(watchMs);
  const after = cores(fs);
  const seconds = Number(process.hrtime.bigint() - beganNs) / 1e9;
  const sum = (list: readonly CoreTimes[], of: (core: CoreTimes) => number): number =>
    list.reduce((total, core) => total + of(core), 0);
  const share = (of: (core: CoreTimes) => number): number =>
    after.length === 0 ? 0 : (sum(after, of) - sum(before, of)) / (seconds * after.length);
  return {
    ...clockFacts(),
    busyShare: Math.min(
      1,
      share((core) => core.busySec),
    ),
    stealShare: share((core) => core.stealSec),
    nodeVersion: process.version,
    nodeFlags: [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].filter(
      (flag) => flag.startsWith('--'),
    ),
  };
}

function cores(fs: ProcFs): CoreTimes[] {
  try {
    return parseCores(fs.readFile('/proc/stat'), 100);
  } catch {
    return [];
  }
}

/** The cheapest of several batches: what the scheduler gives to others in between is not the clock's. */
function clockFacts(): Pick<TimeFacts, 'clockCostNs' | 'clockStepNs'> {
  let costNs = Number.POSITIVE_INFINITY;
  let stepNs = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < CLOCK_BATCHES; batch++) {
    const beganNs = process.hrtime.bigint();
    let lastNs = beganNs;
    for (let reading = 0; reading < CLOCK_READINGS; reading++) {
      const nowNs = process.hrtime.bigint();
      if (nowNs !== lastNs) stepNs = Math.min(stepNs, Number(nowNs - lastNs));
      lastNs = nowNs;
    }
    costNs = Math.min(costNs, Number(lastNs - beganNs) / CLOCK_READINGS);
  }
  return { clockCostNs: costNs, clockStepNs: stepNs };
}

/** Clock, governor, steal, what else runs, Node. None of them stops a run: they only spoil its figures. */
export function timeChecks(facts: TimeFacts, machine: MachineFacts): Check[] {
  const { clockSource = 'unknown clock', governors } = machine;
  const { clockCostNs, clockStepNs, stealShare, busyShare, nodeVersion, nodeFlags } = facts;
  const clockGood =
    (GOOD_CLOCKS.has(clockSource) || clockSource === 'unknown clock') &&
    clockCostNs <= DEAR_CLOCK_NS &&
    clockStepNs <= COARSE_CLOCK_NS;
  const slow = governors.filter((governor) => governor !== 'performance');
  const governor = governors.length === 0 ? 'not set here' : [...new Set(governors)].join(', ');
  const [major = 0, minor = 0] = nodeVersion.slice(1).split('.').map(Number);
  const nodeGood = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const slowFlags = nodeFlags.filter((flag) => SLOW_FLAGS.test(flag));
  return [
    check(
      'clock',
      'up to 1 µs a reading',
      `${clockSource}, ${Math.round(clockCostNs)} ns, steps of ${Math.round(clockStepNs)} ns`,
      clockGood ? 'ok' : 'warn',
      'echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource',
      'a machine whose clock needs no call into the kernel or the hypervisor',
    ),
    check(
      'CPU governor',
      'performance',
      governor,
      slow.length === 0 ? 'ok' : 'warn',
      'cpupower frequency-set -g performance',
    ),
    check(
      'stolen CPU',
      'below 1 %',
      formatPercent(stealShare * 100),
      stealShare > STEAL_WARN_SHARE ? 'warn' : 'ok',
      'a machine, or an instance type, that shares its cores with nobody',
    ),
    check(
      'CPU in use',
      'below 20 % before it begins',
      formatPercent(busyShare * 100),
      busyShare > BUSY_WARN_SHARE ? 'warn' : 'ok',
      'top -o %CPU shows by what',
    ),
    check(
      'Node',
      `${LEAST_NODE.join('.')} or later`,
      `${nodeVersion}${slowFlags.length === 0 ? '' : ` ${slowFlags.join(' ')}`}`,
      nodeGood && slowFlags.length === 0 ? 'ok' : 'warn',
      slowFlags.length > 0 ? `without ${slowFlags.join(' ')}` : 'a later Node',
    ),
  ];
}
