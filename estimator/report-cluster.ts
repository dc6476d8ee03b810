import { formatBytes, formatCount } from '../results/mod.js';
import type { Comparison } from './check.js';
import type { ClusterSizing } from './cluster-sizing.js';
import type { Demand } from './demand.js';
import type { Estimate } from './estimate.js';
import { counted, cpuTime, decimals, magnitude, plural, signedPercent } from './figures.js';
import type { Fitted } from './regression.js';
import { table, wrap } from './text-layout.js';

/** Share of a processor core, one tick of the kernel's clock (10 ms) a second. */
const NEXT_TO_NOTHING = 0.01;

/** The answer in nodes of the broker: how many replicants, and what stands beside them. */
export function clusterAnswer({ demand, sizing }: Estimate, cluster: ClusterSizing): string[] {
  const { replicants, carrying, measured } = cluster;
  const spare = demand.policy.nodesMayFail;
  const carry =
    spare === 0
      ? 'none may fail'
      : `${formatCount(carrying)} ${carrying === 1 ? 'carries' : 'carry'} the load, ${counted(spare, 'node')} may fail`;
  const each = sizing.processesPerNode === 1 ? 'one' : formatCount(sizing.processesPerNode);
  const cores =
    measured.cores === 1 ? 'a core' : `${counted(measured.cores, 'core')} that need each`;
  return [
    ...wrap(`They run ${counted(replicants, 'replicant')}, ${each} on each: ${carry}.`, '  '),
    ...wrap(
      `Beside them, not on these nodes, ${cores} without clients: ${coreCpu(cluster, demand)}; ${coreMemory(cluster, demand)}. More cores, so that one may fail, were not measured.`,
      '  ',
    ),
  ];
}

function coreCpu({ core }: ClusterSizing, demand: Demand): string {
  if (core.need.cpu === undefined) return 'what a connect costs it these runs do not tell';
  return `${decimals(core.need.cpu.value, 2)} of a processor core${reconnecting(demand)}`;
}

function coreMemory({ core }: ClusterSizing, { connections }: Demand): string {
  if (core.need.memory !== undefined) return `${formatBytes(core.need.memory)} of memory`;
  return `${formatBytes(core.mostBytes)} of memory with ${formatCount(core.mostConnections)} clients, which did not grow with their number, so what ${formatCount(connections)} need is not known`;
}

function reconnecting({ reconnectMinutes }: Demand): string {
  return reconnectMinutes === undefined
    ? ''
    : ` while all clients come back in ${magnitude(reconnectMinutes)} min`;
}

/** What a core costs, as lines of a report. */
export function coreLines({ core, measured }: ClusterSizing): string[] {
  const row = (name: string, cost: Fitted, show: (value: number) => string) => [
    name,
    show(cost.value),
    `${show(cost.low)} – ${show(cost.high)}`,
  ];
  const { cpu, memory, idleCpuPerSec: idle, busyCpuPerSec: busy } = core;
  const percent = (share: number) => `${decimals(100 * share, 1)} %`;
  const passing =
    idle === undefined || busy === undefined
      ? []
      : wrap(
          `While messages flowed and nobody connected it used ${percent(busy)} of a processor core, with nothing going on ${percent(idle)}: ${
            busy - idle <= NEXT_TO_NOTHING
              ? 'messages do not pass through it'
              : 'what messages cost it is in none of these figures, nor in its size'
          }.`,
          '  ',
        );
  return [
    ...table([
      ['each', 'measured', '95 % interval'],
      ...(cpu.baseKnown ? [row('core, a second idle', cpu.base, cpuTime)] : []),
      ...cpu.costs.map((cost) => row('connect at any node', cost, cpuTime)),
      ...(memory === undefined
        ? []
        : [
            row('core, empty', memory.base, formatBytes),
            row('open connection at any node', memory.perConnection, formatBytes),
            ['peak above that line', formatBytes(memory.workingBytes), ''],
          ]),
    ]),
    '',
    ...(memory === undefined
      ? wrap(
          `Memory: ${formatBytes(core.mostBytes)} at most. It did not grow with the connections of these runs.`,
          '  ',
        )
      : []),
    ...passing,
    ...wrap(
      `Measured beside ${counted(measured.replicants, 'replicant')}; every core holds what the database has of all clients.`,
      '  ',
    ),
  ];
}

/** Rows of the table of checks: what the core of a check run did. */
export function coreCheckRows(
  cluster: ClusterSizing | undefined,
  runId: string,
  row: (name: string, of: Comparison, show: (value: number) => string) => string[],
): string[][] {
  const check = cluster?.core.checks.find((core) => core.runId === runId);
  if (check === undefined || cluster === undefined) return [];
  const name = cluster.measured.cores === 1 ? 'core' : plural('core');
  return [
    row(`  CPU, ${name}`, check.cpu, (value) => `${decimals(value, 2)} s`),
    ...(check.memory === undefined ? [] : [row(`  memory, ${name}`, check.memory, formatBytes)]),
  ];
}

/** `Core: CPU +2.1 %, memory −0.4 %.`; nothing without a check run. */
export function coreCheckSummary({ core }: ClusterSizing): string[] {
  return core.checks.map(({ cpu, memory }) => {
    const parts = [`CPU ${signedPercent(cpu.relativeError)}`];
    if (memory !== undefined) parts.push(`memory ${signedPercent(memory.relativeError)}`);
    return `Of its core: ${parts.join(', ')}.`;
  });
}

/** What crossed between nodes in the runs, which the costs stand for. */
export function crossingLines({ measured }: ClusterSizing): string[] {
  const { copiesPerPublish: fitted, checkedCopiesPerPublish: checked } = measured;
  const copies = (value: number | undefined) =>
    value === undefined ? 'an unknown number of' : decimals(value, 2);
  const check = checked === undefined ? '' : `, ${copies(checked)} in the check`;
  return wrap(
    `Copies to another node for each published message: ${copies(fitted)}${check}. Their cost is in those above.`,
    '  ',
  );
}
