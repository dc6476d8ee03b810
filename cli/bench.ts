import {
  BENCH_FLAGS,
  type BenchVerb,
  benchFlags,
  type OwnFlag,
  translateBench,
} from '../bench/mod.js';
import { BenchRows } from './bench-rows.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { RUN_OPTIONS } from './flags.js';
import { type MakeView, type RunFlags, runOrShow } from './run.js';
import type { Terminal } from './terminal.js';

/** Our own flags may stand among emqtt-bench's. */
const OWN = Object.entries(RUN_OPTIONS).filter(
  ([name]) => !BENCH_FLAGS.some(({ long }) => long === name),
);
const OWN_FLAGS: readonly OwnFlag[] = OWN.map(([name, { type }]) => ({
  name,
  takesValue: type !== 'boolean',
}));

/** `fleetgauge conn|pub|sub`: emqtt-bench's command line, run as the scenario that it means. */
export async function bench(
  verb: BenchVerb,
  argv: readonly string[],
  readOwn: (rest: readonly string[]) => RunFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const translation = translateBench(verb, argv, { own: OWN_FLAGS });
  const { scenario, notes, rest, showsProblems } = translation;
  for (const note of notes) terminal.err.write(`note: ${note}\n`);
  const makeView: MakeView = (screen) => new BenchRows(screen, showsProblems);
  return runOrShow(scenario, readOwn(rest), command, terminal, makeView);
}

/** The flags of one verb and what each does here. */
export function benchHelp(verb: BenchVerb, terminal: Terminal): ExitCode {
  const ours = OWN.map(([name, { describe }]) => ({
    name: `    --${name}`,
    help: describe,
  }));
  const theirs = benchFlags(verb).map(({ long, short, help, handling, default: byDefault }) => ({
    name: `${short === undefined ? '   ' : `-${short},`} --${long}`,
    help:
      (handling === 'refused' ? `refused: ${help}` : help) +
      (byDefault === undefined ? '' : ` [${byDefault}]`),
  }));
  const width = Math.max(...[...theirs, ...ours].map(({ name }) => name.length));
  const lines = (rows: typeof theirs): string[] =>
    rows.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`);
  const text = [
    `fleetgauge ${verb} [flags]`,
    '',
    "emqtt-bench's flags, as they are meant here:",
    ...lines(theirs),
    '',
    'and our own:',
    ...lines(ours),
  ];
  terminal.out.write(`${text.join('\n')}\n`);
  return EXIT.pass;
}
