import { formatBytes, formatCount, formatPercent } from '../results/mod.js';
import type { Comparison } from './check.js';
import type { ByQos } from './demand.js';
import { type Estimate, processWord } from './estimate.js';
import { bitRate, decimals, magnitude, plural, signedPercent } from './figures.js';
import { clusterAnswer, coreCheckSummary, coreLines } from './report-cluster.js';
import { checkLines, cpuCosts, memoryCosts, networkCosts } from './report-evidence.js';
import { RESOURCES, type Resource, reconnectsPerSec } from './sizing.js';
import { table, wrap } from './text-layout.js';

/** The report for a terminal: the answer, then everything it stands on. Lines without an end mark. */
export function reportLines(estimate: Estimate): string[] {
  return [
    ...answer(estimate),
    ...section('Demand', demandTable(estimate)),
    ...section('Resources', resourceTable(estimate)),
    ...section('CPU costs', cpuCosts(estimate)),
    ...section('Memory', memoryCosts(estimate)),
    ...section('Core', estimate.cluster === undefined ? [] : coreLines(estimate.cluster)),
    ...section('Network, bytes on the wire of one message', networkCosts(estimate)),
    ...section('Checks', checkLines(estimate)),
    ...section('Extrapolations', bullets(estimate.extrapolations.map(({ text }) => text))),
    ...section('Assumptions', bullets(estimate.assumptions)),
    ...section('Not counted', bullets(estimate.exclusions)),
    ...section('Sources', sourceLines(estimate)),
  ];
}

const RESOURCE_NAMES: Readonly<Record<Resource, string>> = {
  cpu: 'CPU',
  memory: 'memory',
  networkIn: 'network in',
  networkOut: 'network out',
};

/** `1 node of 8 cores, 32 GiB and 10 Gbit/s` */
export function headline({ demand, sizing }: Estimate): string {
  const { node } = demand;
  const shape = `${node.cores} cores, ${magnitude(node.memoryGiB)} GiB and ${magnitude(node.nicGbps)} Gbit/s`;
  const named = node.name === undefined ? shape : `${node.name} (${shape})`;
  return `${nodeCount(sizing.nodes)} of ${named}`;
}

function answer(estimate: Estimate): string[] {
  const { sizing, demand, cluster } = estimate;
  const { low, high } = sizing.interval;
  const spare = demand.policy.nodesMayFail;
  const roles =
    spare === 0
      ? 'None may fail.'
      : `${sizing.carrying === 1 ? '1 carries' : `${formatCount(sizing.carrying)} carry`} the load, ${formatCount(spare)} may fail.`;
  const [second] = RESOURCES.filter((resource) => resource !== sizing.binds).sort(
    (a, b) => sizing.nodesNeeded[b] - sizing.nodesNeeded[a],
  );
  const far = estimate.extrapolations.length;
  const sure = [
    low === high
      ? `95 % interval: ${nodeCount(low)}.`
      : `95 % interval: ${formatCount(low)} to ${formatCount(high)} nodes.`,
    checkSummary(estimate),
    ...(cluster === undefined ? [] : coreCheckSummary(cluster)),
    far === 0
      ? 'Every input lies within twice what was measured.'
      : `${far} ${far === 1 ? 'input lies' : 'inputs lie'} more than 2× beyond what was measured (below).`,
  ];
  return [
    headline(estimate),
    '',
    ...(cluster === undefined ? wrap(roles, '  ') : clusterAnswer(estimate, cluster)),
    ...wrap(
      `${capitalised(RESOURCE_NAMES[sizing.binds])} binds: alone it needs ${decimals(sizing.nodesNeeded[sizing.binds], 2)} nodes; next is ${RESOURCE_NAMES[second!]} with ${decimals(sizing.nodesNeeded[second!], 2)}.`,
      '  ',
    ),
    ...wrap(sure.join(' '), '  '),
  ];
}

function checkSummary({ checks, heldOut }: Estimate): string {
  const range = (errors: readonly Comparison[]) => {
    const shares = errors.map(({ relativeError }) => relativeError);
    const [low, high] = [signedPercent(Math.min(...shares)), signedPercent(Math.max(...shares))];
    return low === high ? low : `${low} to ${high}`;
  };
  if (checks.length > 0) {
    const runs = checks.length === 1 ? 'the check run' : `${checks.length} check runs`;
    // In a phase with next to no CPU a large error means nothing.
    const busy = checks.flatMap(({ phases, cpu }) =>
      phases.filter(({ measured }) => measured >= 0.05 * cpu.measured),
    );
    return `Prediction of ${runs}: CPU ${range(checks.map(({ cpu }) => cpu))} (single phases ${range(busy)}), memory ${range(checks.map(({ memory }) => memory))}.`;
  }
  return heldOut.length > 0
    ? `No check run. Prediction of phases left out of the fit: CPU ${range(heldOut)}.`
    : 'No check run: nothing tells how well this predicts.';
}

function demandTable({ demand, load }: Estimate): string[] {
  const rates = (byQos: ByQos) => {
    const parts = byQos.map((rate, qos) => ({ rate, qos })).filter(({ rate }) => rate > 0);
    return parts.length === 0
      ? 'none'
      : parts.map(({ rate, qos }) => `${formatCount(rate)}/s QoS ${qos}`).join(', ');
  };
  const reconnects = reconnectsPerSec(demand);
  const connects =
    reconnects === 0
      ? `${magnitude(load.connects)}/s`
      : `${magnitude(load.connects)}/s, of which ${magnitude(reconnects)}/s bring all back in ${magnitude(demand.reconnectMinutes!)} min`;
  const { cpuCeiling, memoryCeiling, networkCeiling, nodesMayFail } = demand.policy;
  return leftTable([
    ['connections', formatCount(demand.connections)],
    ['connects', connects],
    ['publishes', rates(demand.publishesPerSec)],
    ['deliveries', rates(demand.deliveriesPerSec)],
    [
      'message',
      `${formatCount(demand.payloadBytes)} B payload, ${formatCount(demand.topicBytes)} B topic`,
    ],
    ['keep-alive', `${magnitude(demand.keepAliveSec)} s`],
    [
      'policy',
      `CPU ≤ ${percent(cpuCeiling)}, memory ≤ ${percent(memoryCeiling)}, network ≤ ${percent(networkCeiling)} with ${nodeCount(nodesMayFail)} lost`,
    ],
  ]);
}

function resourceTable({ demand, sizing, cluster }: Estimate): string[] {
  const word = processWord(cluster);
  const amount = (resource: Resource, value: number) => {
    if (resource === 'cpu') return `${decimals(value, 2)} cores`;
    return resource === 'memory' ? formatBytes(value) : bitRate(value);
  };
  const lost = demand.policy.nodesMayFail;
  return table([
    ['', 'demand', 'room a node', 'nodes', 'all up', ...(lost > 0 ? [`${lost} lost`] : [])],
    ...RESOURCES.map((resource) => [
      RESOURCE_NAMES[resource],
      amount(resource, sizing.need[resource]),
      amount(resource, sizing.room[resource]),
      decimals(sizing.nodesNeeded[resource], 2),
      percent(sizing.allUp[resource]),
      ...(lost > 0 ? [percent(sizing.afterFailure[resource])] : []),
      resource === sizing.binds ? '← binds' : '',
    ]),
    [],
  ]).concat(
    wrap(
      `Room: what the node has, times the ceiling, less its ${sizing.processesPerNode === 1 ? `idle ${word}` : `${sizing.processesPerNode} idle ${plural(word)}`}.`,
      '  ',
    ),
  );
}

function sourceLines({ sources, checks }: Estimate): string[] {
  const checked = new Set(checks.map(({ runId }) => runId));
  return sources.flatMap(({ runId, target, host, doubts }) => [
    ...wrap(
      `run ${runId}${checked.has(runId) ? ' (check)' : ''}: ${target}, on ${host}`,
      '  ',
      '    ',
    ),
    ...doubts.flatMap((doubt) => wrap(doubt, '    ! ', '      ')),
  ]);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function bullets(texts: readonly string[]): string[] {
  return texts.flatMap((text) => wrap(text, '  - ', '    '));
}

function leftTable(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) =>
    wrap(text, `  ${name.padEnd(width)}  `, ' '.repeat(width + 4)),
  );
}

function nodeCount(count: number): string {
  return count === 1 ? '1 node' : `${formatCount(count)} nodes`;
}

function percent(share: number): string {
  return formatPercent(share * 100);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
