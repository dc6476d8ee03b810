import type { ProbedNode, ProbePoint, ProbeValue } from '../../results/mod.js';
import { gapOf, type Probe } from './probe.js';
import { type ProbeSample, type ProcProbe, rateBetween } from './proc-probe.js';

/** A thread below this share of a core is not worth a line a second. */
const LEAST_THREAD_PERCENT = 1;
const MOST_THREADS = 32;

/** A process of this machine, second by second; its threads are its event loops. */
export class ProcessProbe implements Probe {
  readonly facts: ProbedNode;
  readonly #proc: ProcProbe;
  readonly #nowUs: () => number;
  #last: ProbeSample | undefined;

  constructor(facts: ProbedNode, proc: ProcProbe, nowUs: () => number) {
    this.facts = facts;
    this.#proc = proc;
    this.#nowUs = nowUs;
  }

  async begin(): Promise<void> {
    this.#last = this.#proc.sample(this.#nowUs());
  }

  async look(): Promise<ProbePoint> {
    const sample = this.#proc.sample(this.#nowUs());
    const last = this.#last ?? sample;
    this.#last = sample;
    const { node } = this.facts;
    if (sample.gone) return gapOf(node, sample.tUs, 'the process has ended');
    const rate = rateBetween(last, sample);
    const overSec = (sample.tUs - last.tUs) / 1e6;
    const values: ProbeValue[] = [
      { part: '', metric: 'rssBytes', value: sample.rssBytes, overSec: 0 },
    ];
    if (rate.cpuPercent !== null) {
      values.unshift({ part: '', metric: 'cpuPercent', value: rate.cpuPercent, overSec });
      values.push(...threadValues(last, sample, overSec));
    }
    return { node, readAtUs: sample.tUs, ...rate, values, gap: null };
  }

  close(): void {}
}

/** The threads that did something, the busiest first. */
function threadValues(last: ProbeSample, now: ProbeSample, overSec: number): ProbeValue[] {
  const before = new Map(last.threads.map((thread) => [thread.tid, thread.cpuUs]));
  return now.threads
    .map(({ tid, name, cpuUs }) => ({
      part: `${name} ${tid}`,
      metric: 'cpuPercent',
      value: (cpuUs - (before.get(tid) ?? 0)) / overSec / 1e4,
      overSec,
    }))
    .filter(({ value }) => value >= LEAST_THREAD_PERCENT)
    .sort((a, b) => b.value - a.value)
    .slice(0, MOST_THREADS);
}
