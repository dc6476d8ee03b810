import type { CounterName } from './counters.js';
import {
  durationParts,
  formatCount,
  formatDurationUs,
  formatPercent,
  formatRate,
  formatShare,
} from './format.js';
import type { LatencyFigures, RunRecord } from './run-record.js';
import { PATHS } from './series.js';
import { targetSection } from './target-summary.js';
import { columns, NO_BREAK_SPACE, type Paint, painter, type Style, wrap } from './text-layout.js';
import { connectionsOf } from './verdict/scenario-reached.js';
import { GENERATOR_FAULTS } from './verdict.js';

export interface SummaryOptions {
  /** Columns of the terminal; what is narrower than 72 is taken as 72. */
  readonly width?: number;
  /** ANSI colours; off unless the caller knows that a terminal wants them. */
  readonly colour?: boolean;
  /** Where the record lies, to be named at the end. */
  readonly folder?: string;
}

/** The latency table is that wide. */
const NARROWEST = 72;
const DEFAULT_WIDTH = 80;
/** Wide enough for the latency table with its column of counts. */
const WIDTH_WITH_COUNTS = 88;
/** `12.3 ms` and a blank: columns of durations are equally wide, whatever is in them. */
const DURATION_COLUMNS = 8;
const MOST_ERROR_LINES = 10;
/** What a device waits for comes first, then its two parts. */
const CLOCK_ORDER = ['response', 'service', 'lag'] as const;

const VERDICT_STYLES: Readonly<Record<RunRecord['verdict']['state'], Style>> = {
  valid: 'green',
  suspect: 'yellow',
  invalid: 'red',
};

/**
 * The end of a run in lines of text: verdict, objectives, headline numbers, latency per path, errors, the
 * target's CPU and memory, the generator's health, files. Depends on its arguments alone.
 */
export function summaryLines(record: RunRecord, options: SummaryOptions = {}): string[] {
  const width = Math.max(NARROWEST, options.width ?? DEFAULT_WIDTH);
  const paint = painter(options.colour ?? false);
  const sections = [
    verdictSection(record, width, paint),
    objectiveSection(record, paint),
    loadSection(record, width, paint),
    latencySection(record, width, paint),
    errorSection(record, width, paint),
    targetSection(record, width, paint),
    generatorSection(record, width, paint),
    fileSection(record, options.folder, width, paint),
  ];
  return sections
    .filter((section) => section.length > 0)
    .flatMap((section, at) => (at === 0 ? section : ['', ...section]));
}

function verdictSection(record: RunRecord, width: number, paint: Paint): string[] {
  const { state, reasons } = record.verdict;
  const word = state.toUpperCase();
  const about = `${record.scenario} on ${record.target.join(', ')}, ${measuredText(record)}`;
  const [first = '', ...rest] = wrap(`${word}  `, about, width);
  const lines = [
    `${paint('bold', paint(VERDICT_STYLES[state], word))}${first.slice(word.length)}`,
    ...rest,
  ];
  for (const { severity, text } of reasons) {
    const label = `  ${severity.padEnd(7)}  `;
    const [head = '', ...tail] = wrap(label, text, width);
    const style = severity === 'note' ? 'dim' : VERDICT_STYLES[severity];
    lines.push(`${paint(style, label)}${head.slice(label.length)}`, ...tail);
  }
  return lines;
}

function measuredText(record: RunRecord): string {
  const { seconds } = record.measured;
  const ends = { finished: '', interrupted: ', interrupted', running: ', no end' } as const;
  return `${seconds === 0 ? 'nothing' : `${formatCount(seconds)} s`} measured${ends[record.state]}, run ${record.id}`;
}

function objectiveSection(record: RunRecord, paint: Paint): string[] {
  if (record.objectives.length === 0) return [];
  const table = columns(
    record.objectives.map(({ text, measuredText }) => [text, measuredText]),
    ['left', 'right'],
    3,
  );
  const lines = record.objectives.map(({ passed }, at) => {
    const mark = passed ? paint('green', '✓') : paint('red', '✗');
    return `  ${mark} ${table[at]}`;
  });
  return [paint('bold', 'Objectives'), ...lines];
}

function loadSection(record: RunRecord, width: number, paint: Paint): string[] {
  const { connects, cycles, publishes, deliveries, requests, wills } = record.totals;
  const wanted = connectionsOf(record);
  const rows: string[][] = [
    [
      wanted === record.devices ? 'devices' : 'connections',
      formatCount(connects.connectedMax),
      `connected of ${formatCount(wanted)}${wanted === record.devices ? '' : `, for ${formatCount(record.devices)} devices`}${connects.lost === 0 ? '' : `, ${formatCount(connects.lost)} connections lost`}` +
        (connects.reconnected === 0 ? '' : `, ${formatCount(connects.reconnected)} reconnected`),
    ],
  ];
  if (cycles.scheduled > 0) {
    rows.push([
      'churn',
      measuredRate(record, 'cyclesCompleted'),
      `${formatCount(cycles.completed)} cycles completed of ${formatCount(cycles.scheduled)} scheduled`,
    ]);
  }
  if (publishes.scheduled > 0 || publishes.sent > 0) {
    rows.push([
      'publishes',
      measuredRate(record, 'publishesSent'),
      `${formatCount(publishes.sent)} sent of ${formatCount(publishes.scheduled)} scheduled` +
        (publishes.failed === 0 ? '' : `, ${formatCount(publishes.failed)} failed`) +
        (publishes.away === 0 ? '' : `, ${formatCount(publishes.away)} not offered`),
    ]);
  }
  if (deliveries.expected > 0 || deliveries.received > 0) {
    rows.push([
      'deliveries',
      measuredRate(record, 'deliveriesReceived'),
      `${formatCount(deliveries.received)} received of ${formatCount(deliveries.expected)} expected` +
        (deliveries.queued === 0 ? '' : `, ${formatCount(deliveries.queued)} kept meanwhile`),
    ]);
  }
  if (requests.sent > 0 || requests.unexpected > 0) {
    rows.push([
      'requests',
      measuredRate(record, 'requestsAnswered'),
      `${formatCount(requests.answered)} answered of ${formatCount(requests.sent)} sent, ${formatCount(requests.timedOut)} timed out` +
        (requests.unexpected === 0
          ? ''
          : `, ${formatCount(requests.unexpected)} unexpected answers`),
    ]);
  }
  if (wills.expected > 0 || wills.received > 0) {
    rows.push([
      'last wills',
      formatCount(wills.received),
      `received of ${formatCount(wills.expected)} expected` +
        (wills.unexpected === 0 ? '' : `, ${formatCount(wills.unexpected)} unexpected`),
    ]);
  }
  const heading = paint('bold', 'Load');
  const caption =
    record.verdict.state === 'invalid' && record.measured.seconds > 0
      ? '  at least: the run is invalid, the target may carry more'
      : '';
  const lines = columns(rows, ['left', 'right', 'left'], 3).map((line) => `  ${line}`);
  if (deliveries.expected > 0) lines.push(...wrap('  ', lossText(record), width));
  return [`${heading}${paint('dim', caption)}`, ...lines];
}

/** Over the measured seconds. Only a lower bound when the generator was the bottleneck. */
function measuredRate(record: RunRecord, name: CounterName): string {
  const { seconds, counters } = record.measured;
  if (seconds === 0) return 'no rate';
  const rate = formatRate((counters[name] ?? 0) / seconds);
  return record.verdict.state === 'invalid' ? `at least ${rate}` : rate;
}

function lossText(record: RunRecord): string {
  const { expected, lost, duplicated, outOfOrder } = record.totals.deliveries;
  const share = lost === 0 ? '' : ` (${formatShare(lost / expected)})`;
  const missing = record.state === 'running' ? 'lost or under way' : 'lost';
  return (
    `${missing} ${formatCount(lost)}${share}, duplicated ${formatCount(duplicated)}, ` +
    `out of order ${formatCount(outOfOrder)}`
  );
}

function latencySection(record: RunRecord, width: number, paint: Paint): string[] {
  const withCounts = width >= WIDTH_WITH_COUNTS;
  const titles = ['p50', 'p90', 'p99', 'p99.9', 'max', ...(withCounts ? ['count'] : [])];
  const rows: string[][] = [];
  for (const path of PATHS) {
    let label: string = path;
    for (const clock of CLOCK_ORDER) {
      const figures = record.latency[`${path}.${clock}`];
      if (figures === undefined || figures.count === 0) continue;
      rows.push([label, clock, ...latencyCells(figures, withCounts)]);
      label = '';
    }
  }
  if (rows.length === 0) return [];
  const units = titles.map((title) => (title === 'count' ? title : `${title}   `));
  const table = columns(
    [['', '', ...units], ...rows],
    ['left', 'left', ...titles.map(() => 'right' as const)],
  );
  const caption = latencyCaption(record);
  const [head = '', ...body] = table;
  return [
    `${paint('bold', 'Latency')}${paint('dim', head.slice(INDENTED_TITLE))}`,
    ...(caption === '' ? [] : [paint('dim', `  ${caption}`)]),
    ...body.map((line) => `  ${line}`),
  ];
}

/** What the verdict does to the figures below it. */
function latencyCaption(record: RunRecord): string {
  const faults = record.verdict.reasons.filter(({ severity }) => severity === 'invalid');
  if (faults.length === 0) return '';
  return faults.every(({ code }) => GENERATOR_FAULTS.has(code))
    ? "at most: the generator's own lateness is in these"
    : 'not to be relied on, see the verdict';
}

/** The heading takes the place of so many columns of the table's first line, which is not indented. */
const INDENTED_TITLE = 'Latency'.length - 2;

function latencyCells(figures: LatencyFigures, withCounts: boolean): string[] {
  const { p50, p90, p99, p999, max, count } = figures;
  const cells = [p50, p90, p99, p999, max].map((us) => {
    const { number, unit } = durationParts(us);
    const text = unit === '' ? number : `${number} ${unit.padEnd(2)}`;
    return text.padStart(DURATION_COLUMNS);
  });
  return withCounts ? [...cells, formatCount(count)] : cells;
}

function errorSection(record: RunRecord, width: number, paint: Paint): string[] {
  const errors = Object.entries(record.errors).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (errors.length === 0) return [];
  const shown = errors.slice(0, MOST_ERROR_LINES);
  const digits = Math.max(...shown.map(([, count]) => formatCount(count).length));
  const lines = shown.flatMap(([text, count]) =>
    wrap(`  ${formatCount(count).padStart(digits)}  `, text, width),
  );
  const rest = errors.slice(MOST_ERROR_LINES);
  if (rest.length > 0) {
    const count = rest.reduce((sum, [, n]) => sum + n, 0);
    lines.push(
      `  and ${formatCount(count)} for ${formatCount(rest.length)} more reasons, see run.json`,
    );
  }
  return [paint('bold', 'Errors'), ...lines];
}

function generatorSection(record: RunRecord, width: number, paint: Paint): string[] {
  const { generator } = record;
  const count = (n: number, word: string): string =>
    `${formatCount(n)} ${word}${n === 1 ? '' : word.endsWith('s') ? 'es' : 's'}`;
  const sends = (record.latency['publish.lag']?.count ?? 0) > 0;
  const facts = [
    `${count(generator.processes, 'process')}, ${count(generator.threads, 'thread')}`,
    // Where nothing was measured the figures are zeros of nothing.
    ...(record.measured.seconds === 0
      ? []
      : [
          `loop busy ${formatPercent(generator.loopUtilisationMax * 100)} at most`,
          ...(sends ? [`send lag p99 ${formatDurationUs(generator.lagP99Us)}`] : []),
          ...ownLag(generator),
          `longest stall ${formatDurationUs(generator.loopDelayMaxUs)}`,
          `CPU ${formatPercent(generator.cpuPercentMean)} of one core`,
        ]),
  ];
  const unbroken = facts.map((fact) => fact.replaceAll(' ', NO_BREAK_SPACE));
  return [paint('bold', 'Generator'), ...wrap('  ', unbroken.join('; '), width)];
}

/** What of the mean response is neither the target's nor its back-pressure's. */
function ownLag({ ownLagShare }: RunRecord['generator']): string[] {
  return typeof ownLagShare === 'number'
    ? [`own lag ${formatShare(ownLagShare)} of the response`]
    : [];
}

function fileSection(
  record: RunRecord,
  folder: string | undefined,
  width: number,
  paint: Paint,
): string[] {
  if (folder === undefined) return [];
  const logs = Object.keys(record.latency).length;
  const probes = record.probes.some(({ metrics }) => metrics.length > 0) ? ', probes.csv' : '';
  const files = `${folder}: run.json, intervals.csv${probes}${logs === 0 ? '' : `, ${formatCount(logs)} histogram ${logs === 1 ? 'log' : 'logs'} (*.hlog)`}`;
  return [paint('bold', 'Record'), ...wrap('  ', files, width)];
}
