/** A load that was tried: how often the target carried it, and how often not. */
export interface Trials {
  readonly load: number;
  readonly holds: number;
  readonly breaks: number;
}

/** Share of steps that something else decides: a neighbour on the machine, a collection of garbage. */
const LAPSE = 0.02;
/** How wide the region may be in which a load sometimes holds, as standard deviation of ln(load). */
const WIDTHS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
/** π/√3: the logistic curve with the standard deviation 1 is 1/(1+e^(−x·π/√3)). */
const LOGISTIC = Math.PI / Math.sqrt(3);
/** ln(load) between two cells of the grid at most; between two loads that were tried are `CELLS_BETWEEN`. */
const WIDEST_CELL = 0.02;
const CELLS_BETWEEN = 6;
const BEYOND = Math.log(2);

/**
 * Where the knee lies after some trials, by Bayes' rule. The knee K is the load that holds every other time:
 *
 *   P(load r holds) = ε + (1 − 2ε) / (1 + exp(−π/√3 · (ln K − ln r) / w))
 *
 * with ε = `LAPSE` and w one of `WIDTHS`, each as likely as the others beforehand, and ln K anywhere from
 * half the lowest load that was tried to twice the highest.
 */
export class KneePosterior {
  readonly #start: number;
  readonly #cell: number;
  /** By cell, adding up to 1. */
  readonly #mass: Float64Array;

  /** @param trials at least one load, rising */
  constructor(trials: readonly Trials[]) {
    const logs = trials.map(({ load }) => Math.log(load));
    const gaps = logs.slice(1).map((log, at) => log - logs[at]!);
    this.#cell = Math.min(WIDEST_CELL, ...gaps.map((gap) => gap / CELLS_BETWEEN));
    this.#start = logs[0]! - BEYOND;
    const cells = Math.ceil((logs.at(-1)! + BEYOND - this.#start) / this.#cell);
    const mass = new Float64Array(cells);
    let sum = 0;
    for (let cell = 0; cell < cells; cell += 1) {
      const logKnee = this.#start + (cell + 0.5) * this.#cell;
      for (const width of WIDTHS) mass[cell]! += likelihood(trials, logs, logKnee, width);
      sum += mass[cell]!;
    }
    this.#mass = mass.map((each) => each / sum);
  }

  /** How probable it is that the knee lies between two loads; 0 and Infinity where there is no such end. */
  between(low: number, high: number): number {
    const [logLow, logHigh] = [Math.log(low), Math.log(high)];
    return this.#mass.reduce((sum, mass, cell) => {
      const logKnee = this.#start + (cell + 0.5) * this.#cell;
      return logKnee >= logLow && logKnee <= logHigh ? sum + mass : sum;
    }, 0);
  }

  /** The load that the knee lies below with this probability; of its cell the end that is further out. */
  quantile(probability: number): number {
    let sum = 0;
    const cell = this.#mass.findIndex((mass) => {
      sum += mass;
      return sum >= probability;
    });
    const edge = (cell < 0 ? this.#mass.length - 1 : cell) + (probability < 0.5 ? 0 : 1);
    return Math.exp(this.#start + edge * this.#cell);
  }
}

function likelihood(
  trials: readonly Trials[],
  logs: readonly number[],
  logKnee: number,
  width: number,
): number {
  let product = 1;
  for (const [at, { holds, breaks }] of trials.entries()) {
    const odds = Math.exp((-LOGISTIC * (logKnee - logs[at]!)) / width);
    const chance = LAPSE + (1 - 2 * LAPSE) / (1 + odds);
    for (let each = 0; each < holds; each += 1) product *= chance;
    for (let each = 0; each < breaks; each += 1) product *= 1 - chance;
  }
  return product;
}
