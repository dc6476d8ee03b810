import { BENCH_FLAGS, type BenchFlag, type BenchVerb, benchFlags } from './bench-flags.js';
import { nearest } from './nearest.js';

/** Something on a `conn`, `pub` or `sub` command line that cannot be done. One line a problem. */
export class BenchFlagError extends Error {
  readonly code = 'BENCH_FLAG_INVALID';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'BenchFlagError';
    this.problems = problems;
  }
}

/** A flag of the caller's, handed back as it came. */
export interface OwnFlag {
  readonly name: string;
  readonly takesValue: boolean;
}

export interface BenchArguments {
  /** By long name; several values only for `topic` of sub. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly notes: string[];
  readonly problems: string[];
  /** Arguments that are the caller's own flags, in their order. */
  readonly rest: string[];
}

/** The values that Erlang's getopt takes for a boolean that stands alone or before a value. */
const TRUE = /^(?:true|t|yes|y|on|enabled|1)$/i;
const FALSE = /^(?:false|f|no|n|off|disabled|0)$/i;

/** Reads the flags as emqtt-bench's option parser does: `-c5`, `-c 5`, `--count=5`, `-lS`, `-C false`. */
export function readBenchArguments(
  verb: BenchVerb,
  argv: readonly string[],
  own: readonly OwnFlag[],
): BenchArguments {
  const reader = new Reader(verb, argv, own);
  reader.readAll();
  return reader;
}

class Reader implements BenchArguments {
  readonly values = new Map<string, string[]>();
  readonly notes: string[] = [];
  readonly problems: string[] = [];
  readonly rest: string[] = [];
  readonly #verb: BenchVerb;
  readonly #flags: readonly BenchFlag[];
  readonly #own: readonly OwnFlag[];
  readonly #argv: readonly string[];
  #at = 0;

  constructor(verb: BenchVerb, argv: readonly string[], own: readonly OwnFlag[]) {
    this.#verb = verb;
    this.#flags = benchFlags(verb);
    this.#argv = argv;
    this.#own = own;
  }

  readAll(): void {
    while (this.#at < this.#argv.length) {
      const argument = this.#argv[this.#at++]!;
      if (argument.startsWith('--') && argument.length > 2) this.#readLong(argument);
      else if (argument.startsWith('-') && argument.length > 1) this.#readShort(argument);
      else this.problems.push(`'${argument}': ${this.#verb} takes flags only`);
    }
  }

  #readLong(argument: string): void {
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument.slice(2) : argument.slice(2, equals);
    const attached = equals < 0 ? undefined : argument.slice(equals + 1);
    const own = this.#own.find((flag) => flag.name === name);
    if (own !== undefined) {
      this.rest.push(argument);
      const next = this.#argv[this.#at];
      if (own.takesValue && attached === undefined && next !== undefined) {
        this.rest.push(next);
        this.#at++;
      }
      return;
    }
    const flag = this.#flags.find(({ long }) => long === name);
    if (flag === undefined) this.#unknown(`--${name}`, ({ long }) => long === name);
    else this.#take(flag, `--${name}`, attached);
  }

  #readShort(argument: string): void {
    let letters = argument.slice(1);
    while (letters !== '') {
      const letter = letters[0]!;
      const flag = this.#flags.find(({ short }) => short === letter);
      letters = letters.slice(1);
      if (flag === undefined) {
        this.#unknown(`-${letter}`, ({ short }) => short === letter);
        return;
      }
      const attached = letters.replace(/^=/, '');
      const joined =
        flag.kind === 'flag' ||
        (flag.kind === 'boolean' && !TRUE.test(attached) && !FALSE.test(attached));
      if (letters !== '' && !joined) {
        this.#take(flag, `-${letter}`, attached);
        return;
      }
      // The last letter may have its value in the next argument, the others have none.
      this.#take(flag, `-${letter}`, letters === '' ? undefined : 'true');
    }
  }

  #take(flag: BenchFlag, spelled: string, attached: string | undefined): void {
    const value = attached ?? this.#next(flag);
    if (value === undefined) {
      this.problems.push(`${spelled}: a value is missing`);
      return;
    }
    if (flag.handling === 'refused') {
      const harmless =
        flag.harmless?.includes(value) || (flag.kind === 'boolean' && FALSE.test(value));
      if (harmless) return;
      this.problems.push(`${spelled}: ${flag.help}`);
      return;
    }
    if (flag.handling === 'passed') {
      this.rest.push(flag.kind === 'flag' ? `--${flag.long}` : `--${flag.long}=${value}`);
      return;
    }
    if (flag.handling === 'accepted') this.notes.push(`${spelled}: ${flag.help}.`);
    const before = this.values.get(flag.long);
    if (before === undefined) this.values.set(flag.long, [value]);
    else if (flag.long === 'topic' && this.#verb === 'sub') before.push(value);
    else this.problems.push(`${spelled}: given twice`);
  }

  #next(flag: BenchFlag): string | undefined {
    if (flag.kind === 'flag') return 'true';
    const next = this.#argv[this.#at];
    if (flag.kind === 'boolean') {
      if (next === undefined || !(TRUE.test(next) || FALSE.test(next))) return 'true';
    } else if (next === undefined || (/^-./.test(next) && !/^-\d/.test(next))) {
      return undefined;
    }
    this.#at++;
    return next;
  }

  /** What follows a flag that is refused anyway is most likely its value: no second complaint. */
  #skipValue(): void {
    const next = this.#argv[this.#at];
    if (next !== undefined && !next.startsWith('-')) this.#at++;
  }

  #unknown(spelled: string, isIt: (flag: BenchFlag) => boolean): void {
    const elsewhere = BENCH_FLAGS.find(isIt);
    if (elsewhere !== undefined) {
      this.problems.push(
        `${spelled}: a flag of ${elsewhere.verbs.join(' and ')}, not ${this.#verb}`,
      );
      if (elsewhere.kind !== 'flag') this.#skipValue();
      return;
    }
    const known = [
      ...this.#flags.map(({ long }) => `--${long}`),
      ...this.#own.map(({ name }) => `--${name}`),
    ];
    const meant = spelled.startsWith('--') ? nearest(spelled, known) : undefined;
    const hint = meant === undefined ? `see ${this.#verb} --help` : `did you mean ${meant}?`;
    this.problems.push(`${spelled}: no such flag (${hint})`);
    this.#skipValue();
  }
}

export function readBoolean(value: string): boolean | undefined {
  if (TRUE.test(value)) return true;
  return FALSE.test(value) ? false : undefined;
}
