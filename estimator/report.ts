import { formatBytes, formatCount, formatPercent } from '../results/mod.js';
import type { Comparison } from './check.js';
import type { FeatureGroup } from './collinearity.js';
import type { ByQos } from './demand.js';
import type { Estimate } from './estimate.js';
import { bitRate, cpuTime, decimals, magnitude, signedPercent } from './figures.js';
import { FEATURE_NAMES } from './load.js';
import { messageWireBytes } from './network.js';
import type { Fitted } from './regression.js';
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
  const { sizing, demand } = estimate;
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
    far === 0
      ? 'Every input lies within twice what was measured.'
      : `${far} ${far === 1 ? 'input lies' : 'inputs lie'} more than 2× beyond what was measured (below).`,
  ];
  return [
    headline(estimate),
    '',
    ...wrap(roles, '  '),
    ...wrap(
      `${RESOURCE_NAMES[sizing.binds]} binds: alone it needs ${decimals(sizing.nodesNeeded[sizing.binds], 2)} nodes; next is ${RESOURCE_NAMES[second!]} with ${decimals(sizing.nodesNeeded[second!], 2)}.`,
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

function resourceTable({ demand, sizing }: Estimate): string[] {
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
      `Room: what the node has, times the ceiling, less its ${sizing.processesPerNode === 1 ? 'idle broker process' : `${sizing.processesPerNode} idle broker processes`}.`,
      '  ',
    ),
  );
}

function cpuCosts({ cpu }: Estimate): string[] {
  const row = (name: string, cost: Fitted, windows: string) => [
    name,
    cpuTime(cost.value),
    `${cpuTime(cost.low)} – ${cpuTime(cost.high)}`,
    windows,
  ];
  const missing = [...cpu.missing].filter(([feature]) => feature !== 'bytes');
  const fit = `${cpu.fit.windows} windows, R² ${decimals(cpu.fit.r2, 4)}, typical error of a window ${percent(cpu.fit.typicalError)}.`;
  const lacking = missing.map(([feature, why]) => `${FEATURE_NAMES[feature].one} (${why})`);
  if (!cpu.baseKnown) lacking.unshift('idle broker process (no idle stretch; it is in the costs)');
  return [
    ...table([
      ['each', 'CPU time', '95 % interval', 'windows'],
      ...(cpu.baseKnown
        ? [row('broker process, a second idle', cpu.base, formatCount(cpu.fit.windows))]
        : []),
      ...cpu.costs.flatMap((cost) => {
        const [first, ...others] = groupParts(cost.group);
        return [
          row(first!, cost, formatCount(cost.windows)),
          ...others.map((part) => [`  + ${part}`]),
        ];
      }),
    ]),
    '',
    ...wrap(fit, '  '),
    ...(lacking.length === 0
      ? []
      : wrap(`Not identifiable in these runs: ${lacking.join(', ')}.`, '  ')),
  ];
}

/** `publish QoS 1`, `1.00 delivery QoS 1`: a merged cost is for one of the first with its others. */
function groupParts({ features, ratios }: FeatureGroup): string[] {
  return features.map((feature, k) => {
    const { one } = FEATURE_NAMES[feature];
    const name = feature === 'connections' ? `${one}, a second` : one;
    return k === 0 ? name : `${decimals(ratios[k]!, 2)} ${name}`;
  });
}

function memoryCosts({ memory }: Estimate): string[] {
  const row = (name: string, cost: Fitted) => [
    name,
    formatBytes(cost.value),
    `${formatBytes(cost.low)} – ${formatBytes(cost.high)}`,
  ];
  return [
    ...table([
      ['each', 'resident', '95 % interval'],
      row('broker process, empty', memory.base),
      row('open connection', memory.perConnection),
      ['peak above that line, a process', formatBytes(memory.workingBytes), ''],
    ]),
    '',
    ...wrap(
      `Through ${memory.samples} seconds in which connections came up, R² ${decimals(memory.r2, 4)}.`,
      '  ',
    ),
  ];
}

function networkCosts({ demand }: Estimate): string[] {
  const rows = ([0, 1, 2] as const)
    .filter((qos) => demand.publishesPerSec[qos] + demand.deliveriesPerSec[qos] > 0)
    .map((qos) => {
      const { forward, back } = messageWireBytes(qos, demand.topicBytes, demand.payloadBytes);
      return [`QoS ${qos}`, `${formatCount(forward)} B`, `${formatCount(back)} B`];
    });
  return rows.length === 0 ? ['  no messages'] : table([['', 'its way', 'back'], ...rows]);
}

function checkLines({ checks, heldOut, sources }: Estimate): string[] {
  const row = (
    name: string,
    { measured, predicted, relativeError }: Comparison,
    show: (v: number) => string,
  ) => [name, show(measured), show(predicted), signedPercent(relativeError)];
  const seconds = (value: number) => `${decimals(value, 2)} s`;
  const rows = checks.flatMap((check) => [
    row(`run ${check.runId}, CPU`, check.cpu, seconds),
    ...check.phases.map((phase) => row(`  ${phase.phase}`, phase, seconds)),
    row(`run ${check.runId}, memory`, check.memory, formatBytes),
  ]);
  const unknown = checks
    .filter((check) => check.unknown.length > 0)
    .flatMap(({ runId, unknown }) =>
      bullets([
        `run ${runId} has ${unknown.map((f) => FEATURE_NAMES[f].many).join(', ')}, which the fitted runs do not tell: its prediction lacks them`,
      ]),
    );
  const held = heldOut.map(({ run, phase, ...comparison }) =>
    row(`left out: ${phase} of ${sources[run]!.runId}`, comparison, seconds),
  );
  if (rows.length + held.length === 0) {
    return wrap('None: give a run that was not fitted with --check.', '  ');
  }
  return [...table([['', 'measured', 'predicted', 'error'], ...rows, ...held]), ...unknown];
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
