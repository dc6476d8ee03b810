import type { AgentRecord } from '../../results/mod.js';
import type { ClockOffset } from './clock-estimate.js';

type Point = NonNullable<AgentRecord['clock']>['series'][number];

/** Beyond this many points every second one goes. */
const MOST_POINTS = 600;

/** How an agent's clock stood to the coordinator's over a run, with a bounded number of points. */
export class ClockSeries {
  /** Both read one clock: what was measured is a check, and taken out of nothing. */
  readonly #isShared: boolean;
  #before: ClockOffset | undefined;
  #last: ClockOffset | undefined;
  #worstUs = 0;
  #points: Point[] = [];
  #everySec = 1;

  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** @param second of the run; null: it has not begun */
  add(second: number | null, offset: ClockOffset): void {
    this.#last = offset;
    if (second === null || this.#before === undefined) this.#before = offset;
    if (second === null) return;
    this.#worstUs = Math.max(this.#worstUs, offset.uncertaintyUs);
    const at = this.#points.at(-1)?.second ?? Number.NEGATIVE_INFINITY;
    if (second < at + this.#everySec) return;
    this.#points.push({
      second,
      offsetUs: tenths(offset.offsetUs),
      uncertaintyUs: tenths(offset.uncertaintyUs),
    });
    if (this.#points.length <= MOST_POINTS) return;
    this.#points = this.#points.filter((_, index) => index % 2 === 0);
    this.#everySec *= 2;
  }

  /** null: it was never compared. */
  record(): AgentRecord['clock'] {
    const before = this.#before;
    const last = this.#last;
    if (before === undefined || last === undefined) return null;
    return {
      how: this.#isShared ? 'shared' : 'exchange',
      offsetUs: tenths(before.offsetUs),
      uncertaintyUs: tenths(Math.max(this.#worstUs, before.uncertaintyUs)),
      driftUs: tenths(last.offsetUs - before.offsetUs),
      series: [...this.#points],
    };
  }
}

function tenths(us: number): number {
  return Math.round(us * 10) / 10;
}
