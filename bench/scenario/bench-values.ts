import { type BenchArguments, readBoolean } from './bench-argv.js';
import { BENCH_FLAGS } from './bench-flags.js';
import { readCount } from './units.js';

/** The values of flags, read and checked one by one; what is wrong is noted, not thrown. */
export class BenchValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #problems: string[];
  readonly #notes: string[];

  constructor(read: BenchArguments) {
    this.#values = read.values;
    this.#problems = read.problems;
    this.#notes = read.notes;
  }

  optional(long: string): string | undefined {
    return this.#values.get(long)?.[0];
  }

  all(long: string): readonly string[] {
    return this.#values.get(long) ?? [];
  }

  text(long: string, byDefault: string): string {
    return this.optional(long) ?? byDefault;
  }

  count(long: string, byDefault: number, low: number, high: number): number {
    const given = this.optional(long);
    if (given === undefined) return byDefault;
    const count = readCount(given);
    if (count !== undefined && count >= low && count <= high) return count;
    this.problem(long, `expected a whole number from ${low} to ${high}, not '${given}'`);
    return byDefault;
  }

  boolean(long: string, byDefault: boolean): boolean {
    const given = this.optional(long);
    if (given === undefined) return byDefault;
    const value = readBoolean(given);
    if (value !== undefined) return value;
    this.problem(long, `expected true or false, not '${given}'`);
    return byDefault;
  }

  oneOf(long: string, byDefault: string, allowed: readonly string[]): string {
    const given = this.text(long, byDefault);
    if (allowed.includes(given)) return given;
    this.problem(long, `expected one of ${allowed.join(', ')}, not '${given}'`);
    return byDefault;
  }

  qos(): 0 | 1 | 2 {
    return Number(this.oneOf('qos', '0', ['0', '1', '2'])) as 0 | 1 | 2;
  }

  note(sentence: string): void {
    if (!this.#notes.includes(sentence)) this.#notes.push(sentence);
  }

  /** Each problem once, however often the value is read. */
  problem(long: string, why: string): void {
    const short = BENCH_FLAGS.find((flag) => flag.long === long)?.short;
    const problem = `${short === undefined ? '' : `-${short}, `}--${long}: ${why}`;
    if (!this.#problems.includes(problem)) this.#problems.push(problem);
  }
}
