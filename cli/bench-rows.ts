import { BENCH_COUNTERS, benchCount, type RunProgress } from '../bench/mod.js';
import {
  addEvents,
  type Counters,
  counter,
  DELIVERY,
  formatCount,
  newCounters,
  SERVICE,
  seriesIndex,
  summarise,
} from '../results/mod.js';
import type { RunView } from './run.js';
import type { Screen } from './terminal.js';

const DELIVERY_SERVICE = seriesIndex(DELIVERY, SERVICE);
/** In one second; what else went wrong is in the record. */
const MOST_REASONS = 3;

const ROWS = [
  ...BENCH_COUNTERS.map((each) => ({
    name: each.name,
    of: (counters: Counters) => benchCount(each, counters),
  })),
  // emqtt-bench has no count of these.
  { name: 'conn_lost', of: (counters: Counters) => counter(counters, 'connectionsLost') },
];

/**
 * A run as emqtt-bench shows it: each second a row for each counter that moved. Unlike there, a rate is that of its
 * second alone, and a counter that stops says so once: an outage is seen as one.
 */
export class BenchRows implements RunView {
  readonly #screen: Screen;
  readonly #problems: boolean;
  readonly #totals = newCounters();
  readonly #moved = new Set<string>();
  #phase = '';

  /** @param problems whether what goes wrong has rows, too */
  constructor(screen: Screen, problems: boolean) {
    this.#screen = screen;
    this.#problems = problems;
  }

  update({ interval, connections }: RunProgress): void {
    const { counters, lengthSec, phase } = interval;
    const at = elapsed(interval.second + 1);
    addEvents(this.#totals, counters);
    const rows: string[] = [];
    if (phase !== this.#phase) {
      this.#phase = phase;
      const connected = `${counter(counters, 'connected')}/${connections}`;
      if (phase !== '') rows.push(`phase ${phase} connected=${connected}`);
    }
    const latency = summarise(interval.histograms.get(DELIVERY_SERVICE));
    if (latency !== undefined) {
      rows.push(`publish_latency avg=${Number((latency.mean / 1000).toPrecision(3))}ms`);
    }
    for (const { name, of } of ROWS) {
      const count = of(counters);
      if (count !== 0 || this.#moved.delete(name)) {
        const rate = (count / lengthSec).toFixed(2);
        rows.push(`${name} total=${of(this.#totals)} rate=${rate}/sec`);
      }
      if (count !== 0) this.#moved.add(name);
    }
    if (this.#problems) rows.push(...problems(interval.errors));
    this.#screen.write(rows.map((row) => `${at} ${row}\n`).join(''));
  }

  clear(): void {}
}

function problems(errors: Readonly<Record<string, number>>): string[] {
  const all = Object.entries(errors).sort((a, b) => b[1] - a[1]);
  const shown = all.slice(0, MOST_REASONS).map(([reason, count]) => `${count} × ${reason}`);
  const rest = all.slice(MOST_REASONS).reduce((sum, [, count]) => sum + count, 0);
  return rest === 0 ? shown : [...shown, `${formatCount(rest)} × other problems`];
}

const UNITS = [
  ['s', 60],
  ['m', 60],
  ['h', 24],
  ['d', Number.POSITIVE_INFINITY],
] as const;

/** `5s`, `1m5s`, `2h0m5s`, `1d0h0m0s`. */
export function elapsed(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of UNITS) {
    text = `${rest % size}${unit}${text}`;
    rest = Math.floor(rest / size);
    if (rest === 0) break;
  }
  return text;
}
