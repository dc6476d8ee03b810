import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckedClaim } from '../bench/mod.js';
import { painter, type RunRecord } from '../results/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { execute, exitCodeOf } from './run.js';
import { PARTS, type Stage } from './selftest-parts.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

export interface SelftestFlags {
  /** All of them if none is named. */
  parts?: readonly string[] | undefined;
  /** Folder that the run records go into; they are thrown away if it is left out. */
  out?: string | undefined;
  json: boolean;
  quiet: boolean;
}

const WIDTHS = [61, 10, 20, 20] as const;
const STYLES = { ok: 'green', busy: 'yellow', fail: 'red' } as const;

/** A run that did not come to its end: nothing can be claimed from it. */
class NoRun extends Error {
  readonly exit: ExitCode;

  /** @param record of the run, if there is one */
  constructor(record?: RunRecord) {
    super('a run did not come to its end');
    this.name = 'NoRun';
    const exit = record === undefined ? EXIT.interrupted : exitCodeOf(record);
    this.exit = exit === EXIT.pass ? EXIT.invalid : exit;
  }
}

/** `fleetgauge selftest`: is this tool honest on this machine? Against a target whose truth is known. */
export async function selftest(
  flags: SelftestFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const names =
    flags.parts === undefined || flags.parts.length === 0 ? Object.keys(PARTS) : flags.parts;
  const parts = names.map((name) => {
    const part = PARTS[name];
    if (part !== undefined) return part;
    throw new UsageError(`selftest has no part '${name}': ${Object.keys(PARTS).join(', ')}`);
  });
  const folder = flags.out ?? (await mkdtemp(join(tmpdir(), 'fleetgauge-selftest-')));
  const interrupt = interruption(terminal.err);
  const stage: Stage = {
    say: (text) => {
      if (!flags.quiet) terminal.err.write(`${text}\n`);
    },
    run: async ({ name, scenario, on, threads }) => {
      if (interrupt.signal.aborted) throw new NoRun();
      const out = join(folder, name);
      const nodes = { probes: () => [{ node: 'target', pid: on.pid }] };
      const runFlags = { quiet: true, out, ...(threads === undefined ? {} : { threads }) };
      const targets = [on.target];
      const ran = await execute(scenario, targets, nodes, runFlags, command, terminal, interrupt);
      const { state, measured } = ran.record;
      if (state === 'interrupted' || measured.seconds === 0) throw new NoRun(ran.record);
      return ran;
    },
  };
  const claims: CheckedClaim[] = [];
  try {
    if (!flags.json) terminal.out.write(`${head()}\n`);
    for (const [at, { title, play }] of parts.entries()) {
      stage.say(`${at + 1} of ${parts.length}  ${title}`);
      const made = await play(stage);
      claims.push(...made);
      if (flags.json) continue;
      for (const each of made) terminal.out.write(`${claimLine(each, terminal.out.colour)}\n`);
    }
  } catch (error) {
    if (!(error instanceof NoRun)) throw error;
    terminal.err.write(`no verdict: ${error.message}\n`);
    return error.exit;
  } finally {
    interrupt.dispose();
    if (flags.out === undefined) await rm(folder, { recursive: true, force: true });
  }
  const { text, exit } = outcomeOf(claims);
  terminal.out.write(
    flags.json ? `${JSON.stringify({ exit, claims }, undefined, 2)}\n` : `\n${text}\n`,
  );
  return exit;
}

function outcomeOf(claims: readonly CheckedClaim[]): { text: string; exit: ExitCode } {
  const failed = claims.filter(({ outcome }) => outcome === 'fail');
  const busy = claims.filter(({ outcome }) => outcome === 'busy');
  if (failed.length > 0) {
    const text = `${failed.length} of ${claims.length} claims fail: do not believe figures of this tool on this machine`;
    return { text, exit: EXIT.invalid };
  }
  if (busy.length > 0) {
    const text =
      `${busy.length} of ${claims.length} claims could not be tested, for this machine did not hold still ` +
      `(${busy[0]!.disturbance}): try again when it does nothing else`;
    return { text, exit: EXIT.inconclusive };
  }
  return { text: `all ${claims.length} claims hold`, exit: EXIT.pass };
}

function head(): string {
  const about = `selftest, ${availableParallelism()} cores, Node ${process.versions.node}`;
  return `${about}\n\n      ${row(['claim', 'known', 'measured', 'allowed'])}`;
}

function claimLine(
  { claim, known, measured, allowed, outcome }: CheckedClaim,
  colour: boolean,
): string {
  const mark = painter(colour)(STYLES[outcome], outcome.padEnd(4));
  return `${mark}  ${row([claim, known, measured, allowed])}`;
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[at]!)))
    .join('  ');
}
