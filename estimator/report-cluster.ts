import { formatBytes } from '../results/mod.js';
import type { Comparison } from './check.js';
import type { ClusterSizing } from './cluster-sizing.js';
import type { Demand } from './demand.js';
import type { Estimate } from './estimate.js';
import { counted, cpuTime, decimals, magnitude, plural, signedPercent } from './figures.js';
import type { Fitted } from './regression.js';
import { table, wrap } from './text-layout.js';

/** The answer in nodes of the broker: how many replicants, and what stands beside them. */
export function clusterAnswer({ demand, sizing }: Estimate, cluster: ClusterSizing): string[] {
  const { replicants, carrying, core, measured } = cluster;
  const spare = demand.policy.nodesMayFail;
  const each = sizing.processesPerNode === 1 ? 'one' : `${decimals(sizing.processesPerNode, 0)}`;
  const carry =
    spare === 0
      ? 'none may fail'
      : `${decimals(carrying, 0)} ${carrying === 1 ? 'carries' : 'carry'} the load, ${counted(spare, 'node')} may fail`;
  const amounts = [
    core.need.cpu === undefined
      ? 'CPU not told by these runs'
      : `${decimals(core.need.cpu.value, 2)} of a processor core${reconnecting(demand)}`,
    core.need.memory === undefined
      ? 'memory not told by these runs'
      : `${formatBytes(core.need.memory)} of memory`,
  ];
  const one = measured.cores === 1 ? 'a core' : counted(measured.cores, 'core');
  const eachCore = measured.cores === 1 ? '' : ' each';
  return [
    ...wrap(`They run ${counted(replicants, 'replicant')}, ${each} on each: ${carry}.`, '  '),
    ...wrap(
      `Beside them, on no node of these, ${one} without clients:${eachCore} ${amounts.join(', ')}. More cores, so that one may fail, were not measured.`,
      '  ',
    ),
  ];
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
          `While messages flowed and nobody connected it used ${percent(busy)} of a processor core, with nothing going on ${percent(idle)}: messages do not pass through it.`,
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
      ? wrap('Its memory did not grow with the connections of these runs.', '  ')
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
