import { performance } from 'node:perf_hooks';

/** One way to do the work of a case. All contenders of a case must return the same sum from `run`. */
export interface Contender {
  readonly name: string;
  /** Packets one `run` goes through. */
  readonly packets: number;
  run(): number;
}

/** How long one contender works in one repeat. */
const TURN_MS = 60;

/**
 * Runs the contenders in turns, the first being the one the others are compared with, and returns one
 * Markdown row each: name of the case and contender, rate, time per packet, ratio of rates. Throws when
 * two contenders do not arrive at the same sum, since then they did not do the same work.
 */
export function compare(name: string, contenders: readonly Contender[], repeats: number): string[] {
  const sums = contenders.map((contender) => contender.run());
  if (new Set(sums).size > 1) throw new Error(`${name}: contenders disagree, ${sums.join(' ')}`);
  for (const contender of contenders) rate(contender); // warm-up: compiled before it counts
  const rates: number[][] = contenders.map(() => []);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    contenders.forEach((contender, index) => {
      rates[index]!.push(rate(contender));
    });
  }
  return contenders.map((contender, index) => {
    const perSec = median(rates[index]!);
    const ratio = median(rates[index]!.map((value, repeat) => value / rates[0]![repeat]!));
    const cells = [
      name,
      contender.name,
      (perSec / 1e6).toFixed(2),
      (1e9 / perSec).toFixed(1),
      index === 0 ? '1' : ratio.toFixed(1),
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

/** Packets per second over at least one turn. */
function rate(contender: Contender): number {
  const startMs = performance.now();
  let elapsedMs = 0;
  let packets = 0;
  do {
    contender.run();
    packets += contender.packets;
    elapsedMs = performance.now() - startMs;
  } while (elapsedMs < TURN_MS);
  return (packets * 1000) / elapsedMs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
