import { formatBytes, formatCount, formatPercent } from '../results/mod.js';
import type { Comparison } from './check.js';
import type { FeatureGroup } from './collinearity.js';
import { type Estimate, processWord } from './estimate.js';
import { cpuTime, decimals, signedPercent } from './figures.js';
import { FEATURE_NAMES } from './load.js';
import { messageWireBytes } from './network.js';
import type { Fitted } from './regression.js';
import { coreCheckRows, crossingLines } from './report-cluster.js';
import { table, wrap } from './text-layout.js';

/** What an estimate stands on, as lines of a report: costs with their intervals, and checks. */

export function cpuCosts({ cpu, cluster }: Estimate): string[] {
  const row = (name: string, cost: Fitted, windows: string) => [
    name,
    cpuTime(cost.value),
    `${cpuTime(cost.low)} – ${cpuTime(cost.high)}`,
    windows,
  ];
  const word = processWord(cluster);
  const missing = [...cpu.missing].filter(([feature]) => feature !== 'bytes');
  const fit = `${cpu.fit.windows} windows, R² ${decimals(cpu.fit.r2, 4)}, typical error of a window ${formatPercent(100 * cpu.fit.typicalError)}.`;
  const lacking = missing.map(([feature, why]) => `${FEATURE_NAMES[feature].one} (${why})`);
  if (!cpu.baseKnown) lacking.unshift(`idle ${word} (no idle stretch; it is in the costs)`);
  return [
    ...table([
      ['each', 'CPU time', '95 % interval', 'windows'],
      ...(cpu.baseKnown
        ? [row(`${word}, a second idle`, cpu.base, formatCount(cpu.fit.windows))]
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
    ...(cluster === undefined ? [] : crossingLines(cluster)),
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

export function memoryCosts({ memory, cluster }: Estimate): string[] {
  const row = (name: string, cost: Fitted) => [
    name,
    formatBytes(cost.value),
    `${formatBytes(cost.low)} – ${formatBytes(cost.high)}`,
  ];
  return [
    ...table([
      ['each', 'resident', '95 % interval'],
      row(`${processWord(cluster)}, empty`, memory.base),
      row('open connection', memory.perConnection),
      [
        `peak above that line, a ${cluster === undefined ? 'process' : processWord(cluster)}`,
        formatBytes(memory.workingBytes),
        '',
      ],
    ]),
    '',
    ...wrap(
      `Through ${memory.samples} seconds in which connections came up, R² ${decimals(memory.r2, 4)}.`,
      '  ',
    ),
  ];
}

export function networkCosts({ demand }: Estimate): string[] {
  const rows = ([0, 1, 2] as const)
    .filter((qos) => demand.publishesPerSec[qos] + demand.deliveriesPerSec[qos] > 0)
    .map((qos) => {
      const { forward, back } = messageWireBytes(qos, demand.topicBytes, demand.payloadBytes);
      return [`QoS ${qos}`, `${formatCount(forward)} B`, `${formatCount(back)} B`];
    });
  return rows.length === 0 ? ['  no messages'] : table([['', 'its way', 'back'], ...rows]);
}

export function checkLines({ checks, heldOut, sources, cluster }: Estimate): string[] {
  const seconds = (value: number) => `${decimals(value, 2)} s`;
  const row = (name: string, c: Comparison, show: (value: number) => string) => [
    name,
    show(c.measured),
    show(c.predicted),
    signedPercent(c.relativeError),
  ];
  const parts = checks.map((check) => ({
    title: `run ${check.runId}`,
    rows: [
      row('  CPU', check.cpu, seconds),
      ...check.phases.map((phase) => row(`    ${phase.phase}`, phase, seconds)),
      row('  memory', check.memory, formatBytes),
      ...coreCheckRows(cluster, check.runId, row),
    ],
    note:
      check.unknown.length === 0
        ? []
        : [
            `The fitted runs do not tell what ${check.unknown.map((f) => FEATURE_NAMES[f].many).join(', ')} cost: the prediction lacks them.`,
          ],
  }));
  sources.forEach(({ runId }, run) => {
    const held = heldOut.filter((check) => check.run === run);
    if (held.length === 0) return;
    const rows = held.map((check) => row(`  ${check.phase}`, check, seconds));
    parts.push({
      title: `run ${runId}, CPU of phases left out of the fit in turn`,
      rows,
      note: [],
    });
  });
  if (parts.length === 0) return wrap('None: give a run that was not fitted with --check.', '  ');

  const [heads, ...lines] = table([
    ['', 'measured', 'predicted', 'error'],
    ...parts.flatMap(({ rows }) => rows),
  ]);
  return [
    heads!,
    ...parts.flatMap(({ title, rows, note }) => [
      ...wrap(title, '  '),
      ...lines.splice(0, rows.length),
      ...note.flatMap((text) => wrap(text, '    ')),
    ]),
  ];
}
