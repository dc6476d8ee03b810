import { formatBytes, formatCount, formatPercent, formatRate } from './format.js';
import { tellsCpu } from './probes-csv.js';
import type { ProbeRecord, RunRecord } from './run-record.js';
import { columns, NO_BREAK_SPACE, type Paint, wrap } from './text-layout.js';

type MetricFigures = ProbeRecord['metrics'][number];

/** What a reader looks for first, of those that a target has many figures of. */
const HEADLINES: readonly string[] = [
  'running',
  'connections',
  'liveConnections',
  'clients/connected',
  'publish/messages/receivedPerSec',
  'publish/messages/sentPerSec',
  'publish/messages/droppedPerSec',
  'messagesReceivedPerSec',
  'messagesSentPerSec',
  'messagesDroppedPerSec',
  'bytes/receivedPerSec',
  'bytes/sentPerSec',
  'heap/current',
  'load1',
  'machineMemoryUsedBytes',
];
const MOST_FIGURES = 8;
/** A table with more rows than this is not read. */
const MOST_ROWS = 8;
const BUSIEST_OF_MANY = 3;
/** In the table already. */
const IN_TABLE: ReadonlySet<string> = new Set(['cpuPercent', 'rssBytes']);
/** Below that, a hypervisor that takes time away is not worth a word. */
const STEAL_WORTH_A_WORD_PERCENT = 1;

/** The target's CPU and memory, and what else it said of itself. */
export function targetSection(record: RunRecord, width: number, paint: Paint): string[] {
  if (record.probes.length === 0) return [];
  const withCpu = record.probes.filter(({ kind }) => tellsCpu(kind));
  return [
    ...(withCpu.length === 0
      ? [paint('bold', 'Target')]
      : cpuTable(withCpu, record.host.cores, width, paint)),
    ...record.probes.flatMap((probe) => figureLines(probe, width)),
  ];
}

function cpuTable(
  probes: readonly ProbeRecord[],
  hostCores: number,
  width: number,
  paint: Paint,
): string[] {
  const cores = Math.max(1, hostCores);
  const processes = probes.filter(({ kind }) => kind === 'process');
  const others = probes.filter(({ kind }) => kind !== 'process');
  const busy = busiest(processes);
  const rest = processes.filter((probe) => !busy.includes(probe));
  const rows = busy.map((probe) => row(probe, cores));
  if (rest.length > 0) rows.push(sumRow(`${rest.length} others`, rest, cores));
  if (processes.length > 1) rows.push(sumRow('together', processes, cores));
  rows.push(...others.map((probe) => row(probe, coresOf(probe, cores))));
  const titles = ['Target', 'CPU mean', 'max', 'top thread', 'of machine', 'memory'];
  const [head = '', ...body] = columns(
    [
      [`${titles[0]}  `, ...titles.slice(1)],
      ...rows.map(([node = '', ...rest]) => [`  ${node}`, ...rest]),
    ],
    ['left', 'right', 'right', 'right', 'right', 'right'],
  );
  const machines = others.some(({ kind }) => isMachine(kind));
  const legend =
    `100 % is one core, "of machine" of all ${cores}; memory is the highest` +
    (machines ? '; "top thread" of a machine is its busiest core, and its cores are its own' : '');
  return [
    `${paint('bold', 'Target')}${paint('dim', head.slice('Target'.length))}`,
    ...body,
    ...wrap('  ', legend, width).map((line) => paint('dim', line)),
  ];
}

function row(probe: ProbeRecord, cores: number | undefined): string[] {
  const mean = probe.cpuPercentMean;
  return [
    `${probe.node} (${probe.pid === undefined ? probe.kind : `pid ${probe.pid}`})`,
    percent(mean),
    percent(probe.cpuPercentMax),
    probe.kind === 'prometheus' ? '' : percent(probe.busiestThreadPercentMax),
    cores === undefined ? '' : percent(mean === null ? null : mean / cores),
    probe.rssBytesMax === null ? '?' : formatBytes(probe.rssBytesMax),
  ];
}

function percent(value: number | null): string {
  return value === null ? '?' : formatPercent(value);
}

function isMachine(kind: ProbeRecord['kind']): boolean {
  return kind === 'machine' || kind === 'node-exporter';
}

/** Of the machine that it is on; undefined where nothing says how many there are. */
function coresOf(probe: ProbeRecord, hostCores: number): number | undefined {
  if (probe.kind === 'machine') return hostCores;
  const cores = probe.metrics.filter(({ part, metric }) => part !== '' && metric === 'cpuPercent');
  return isMachine(probe.kind) && cores.length > 0 ? cores.length : undefined;
}

/** Those that get a row of their own: all, or of many the busiest, in the order of the record. */
function busiest(probes: readonly ProbeRecord[]): readonly ProbeRecord[] {
  if (probes.length <= MOST_ROWS) return probes;
  const cpu = ({ cpuPercentMean }: ProbeRecord): number => cpuPercentMean ?? 0;
  const chosen = [...probes].sort((a, b) => cpu(b) - cpu(a)).slice(0, BUSIEST_OF_MANY);
  return probes.filter((probe) => chosen.includes(probe));
}

/** Sums of the means, and of the highest memory, which need not have been at one time. */
function sumRow(title: string, probes: readonly ProbeRecord[], cores: number): string[] {
  const sum = (values: readonly (number | null)[]): number | null =>
    values.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0);
  const cpu = sum(probes.map(({ cpuPercentMean }) => cpuPercentMean));
  const memory = sum(probes.map(({ rssBytesMax }) => rssBytesMax));
  return [
    title,
    percent(cpu),
    '',
    '',
    percent(cpu === null ? null : cpu / cores),
    memory === null ? '?' : formatBytes(memory),
  ];
}

/** What it said beside CPU and memory, a line for each part of it. */
function figureLines({ node, metrics }: ProbeRecord, width: number): string[] {
  const said = metrics.filter(isWorthAWord);
  const parts = [...new Set(said.map(({ part }) => part))];
  return parts.flatMap((part) => {
    const figures = said.filter((figure) => figure.part === part);
    const chosen = HEADLINES.flatMap((name) => figures.find(({ metric }) => metric === name) ?? []);
    const shown = (chosen.length > 0 ? chosen : figures).slice(0, MOST_FIGURES);
    const rest = figures.length - shown.length;
    const texts = shown.map(figureText);
    if (rest > 0) texts.push(`${formatCount(rest)} more in run.json`);
    const unbroken = texts.map((text) => text.replaceAll(' ', NO_BREAK_SPACE)).join('; ');
    return wrap(`  ${part === '' ? node : `${node} ${part}`}: `, unbroken, width).map((line, at) =>
      at === 0 ? line : `    ${line.trim()}`,
    );
  });
}

/** Of machines and processes the table says it all, but for a machine that is kept from running. */
function isWorthAWord({ part, metric, max }: MetricFigures): boolean {
  if (metric === 'stealPercent') return part === '' && max >= STEAL_WORTH_A_WORD_PERCENT;
  return !IN_TABLE.has(metric) && !/^(received|sent)BytesPerSec$/.test(metric);
}

function figureText({ metric, mean }: MetricFigures): string {
  if (/bytes.*PerSec$/i.test(metric)) return `${withoutRate(metric)} ${formatBytes(mean)}/s`;
  if (metric.endsWith('PerSec')) return `${withoutRate(metric)} ${formatRate(mean)}`;
  if (/bytes|heap\/current/i.test(metric)) return `${metric} ${formatBytes(mean)}`;
  if (metric.endsWith('Percent')) return `${metric} ${formatPercent(mean)}`;
  return `${metric} ${formatCount(mean)}`;
}

function withoutRate(metric: string): string {
  return metric.slice(0, -'PerSec'.length);
}
