import type { RunProgress } from '../bench/mod.js';
import {
  counter,
  DELIVERY,
  formatBytes,
  formatCount,
  formatDurationUs,
  formatPercent,
  formatRate,
  PUBLISH,
  percentileUs,
  RESPONSE,
  seriesIndex,
} from '../results/mod.js';
import type { Screen } from './terminal.js';

const PLAIN_EVERY_SECONDS = 5;
const BAR_CELLS = 24;
/** More than these do not fit a line. */
const MOST_NODES = 6;

/** The run as it goes: a block redrawn each second where a person looks, a line every few seconds elsewhere. */
export class LiveView {
  readonly #screen: Screen;
  #drawnLines = 0;
  #totalUs = 0;
  #lastPhase = '';

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  update(progress: RunProgress): void {
    if (this.#screen.live) this.#draw(blockLines(progress, this.#share(progress)));
    else this.#print(progress);
  }

  /** Takes the block off the screen. */
  clear(): void {
    if (this.#drawnLines > 0) this.#screen.write(`\x1b[${this.#drawnLines}A\x1b[J`);
    this.#drawnLines = 0;
  }

  #draw(lines: readonly string[]): void {
    this.clear();
    const text = lines.map((line) => `${line.slice(0, this.#screen.width)}\n`).join('');
    this.#screen.write(text);
    this.#drawnLines = lines.length;
  }

  #print(progress: RunProgress): void {
    const { interval } = progress;
    if (interval.phase === '') return;
    const newPhase = interval.phase !== this.#lastPhase;
    this.#lastPhase = interval.phase;
    if (!newPhase && interval.second % PLAIN_EVERY_SECONDS !== 0) return;
    this.#screen.write(`${plainLine(progress)}\n`);
  }

  /** How much of the way is done, by time once there is an end, by devices before. */
  #share({ interval, connections, leftUs }: RunProgress): number {
    if (leftUs === null) return counter(interval.counters, 'connected') / connections;
    this.#totalUs = Math.max(this.#totalUs, leftUs);
    return 1 - leftUs / this.#totalUs;
  }
}

function blockLines(progress: RunProgress, share: number): string[] {
  const { interval, connections, leftUs, probes } = progress;
  const { counters } = interval;
  const filled = Math.round(BAR_CELLS * Math.min(1, Math.max(0, share)));
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const left = leftUs === null ? '' : `   ${Math.ceil(leftUs / 1e6)} s left`;
  const connected = `${formatCount(counter(counters, 'connected'))} of ${formatCount(connections)} connected`;
  const target = shown(probes).flatMap(({ node, cpuPercent, rssBytes, gap }) => {
    if (gap !== null) return `${node} gone`;
    if (cpuPercent === null) return [];
    const memory = rssBytes === null ? '' : `, ${formatBytes(rssBytes)}`;
    return `${node} ${formatPercent(cpuPercent)}${memory}`;
  });
  const rows = [
    `${interval.phase.padEnd(8)} ${bar}   ${connected}${left}`,
    `publish  ${traffic(progress, 'publishesSent', PUBLISH)}`,
    `delivery ${traffic(progress, 'deliveriesReceived', DELIVERY)}`,
    `backlog ${formatCount(interval.backlog)}   generator loop ${formatPercent(interval.loopUtilisation * 100)}` +
      (target.length === 0 ? '' : `   CPU and memory: ${target.join('   ')}`),
  ];
  const errors = Object.entries(interval.errors);
  if (errors.length > 0) {
    const [reason, count] = errors.sort((a, b) => b[1] - a[1])[0]!;
    rows.push(`errors   ${formatCount(count)} × ${reason}`);
  }
  return rows;
}

function traffic(
  { interval }: RunProgress,
  name: 'publishesSent' | 'deliveriesReceived',
  path: number,
): string {
  const rate = formatRate(counter(interval.counters, name) / interval.lengthSec).padStart(10);
  const histogram = interval.histograms.get(seriesIndex(path, RESPONSE));
  if (histogram === undefined) return rate;
  const figures = [50, 99, 100].map((percentile) => percentileUs(histogram, percentile));
  const [p50, p99, max] = figures.map((us) => (us === undefined ? '–' : formatDurationUs(us)));
  return `${rate}   response p50 ${p50}  p99 ${p99}  max ${max}`;
}

function plainLine({ interval, connections, probes }: RunProgress): string {
  const { counters } = interval;
  const perSec = (name: 'publishesSent' | 'deliveriesReceived'): string =>
    formatRate(counter(counters, name) / interval.lengthSec);
  const errors = Object.values(interval.errors).reduce((sum, count) => sum + count, 0);
  return [
    `${String(interval.second).padStart(4)} s  ${interval.phase.padEnd(8)}`,
    `connected ${formatCount(counter(counters, 'connected'))}/${formatCount(connections)}`,
    `published ${perSec('publishesSent')}`,
    `delivered ${perSec('deliveriesReceived')}`,
    `backlog ${formatCount(interval.backlog)}`,
    ...shown(probes).flatMap(({ node, cpuPercent, gap }) => {
      if (gap !== null) return `${node} gone`;
      return cpuPercent === null ? [] : `${node} CPU ${formatPercent(cpuPercent)}`;
    }),
    ...(errors > 0 ? [`errors ${formatCount(errors)}`] : []),
  ].join('  ');
}

/** Each node, or of many those that are gone and the others as one. */
function shown(probes: RunProgress['probes']): readonly Pick<Point, ShownFigure>[] {
  if (probes.length <= MOST_NODES) return probes;
  const there = probes.filter(({ gap }) => gap === null);
  const sum = (figure: 'cpuPercent' | 'rssBytes'): number | null =>
    there.reduce<number | null>((total, point) => add(total, point[figure]), 0);
  const together = {
    node: `${there.length} nodes`,
    cpuPercent: sum('cpuPercent'),
    rssBytes: sum('rssBytes'),
    gap: null,
  };
  return [together, ...probes.filter(({ gap }) => gap !== null)];
}

type Point = RunProgress['probes'][number];
type ShownFigure = 'node' | 'cpuPercent' | 'rssBytes' | 'gap';

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
