import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Claim,
  capacityClaims,
  capacityExperiment,
  type Experiment,
  findCapacity,
  freezeClaims,
  freezeExperiment,
  type KnownTarget,
  pathClaim,
  pathExperiment,
  publishesAtLoadOne,
  serviceClaims,
  serviceExperiment,
  startKnownTarget,
  starvedClaims,
  starvedExperiment,
  stepScenario,
  theoryClaims,
} from '../bench/mod.js';
import { painter, type RunRecord, readRun, shareAbove, summaryLines } from '../results/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruption } from './interruption.js';
import { execute, exitCodeOf } from './run.js';
import type { Terminal } from './terminal.js';

export interface SelftestFlags {
  /** Folder that the run records go into; they are thrown away if it is left out. */
  out?: string | undefined;
  json: boolean;
  quiet: boolean;
}

const STEP = { settleUs: 1_000_000, measureUs: 4_000_000, drainUs: 1_000_000 };
/** From well below the known capacity; what lies between is the search's to find. */
const SEARCH = {
  from: 1.6,
  to: Number.POSITIVE_INFINITY,
  tolerance: 0.05,
  repeats: 3,
  maximumSteps: 16,
};
const WIDTHS = [58, 9, 20, 20] as const;

/** A run that did not come to its end: no claim can be made from it. */
class NoRun extends Error {
  readonly exit: ExitCode;

  constructor(record: RunRecord | undefined) {
    super('no run');
    this.name = 'NoRun';
    this.exit = record === undefined ? EXIT.interrupted : exitCodeOf(record);
  }
}

/** `fleetgauge selftest`: is this tool honest on this machine? Against a target whose truth is known. */
export async function selftest(
  flags: SelftestFlags,
  command: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const folder = flags.out ?? (await mkdtemp(join(tmpdir(), 'fleetgauge-selftest-')));
  const interrupt = interruption(terminal.err);
  const { colour } = terminal.out;
  const claims: Claim[] = [];
  const say = (text: string): void => {
    if (!flags.quiet) terminal.err.write(`${text}\n`);
  };
  const claim = (...made: readonly Claim[]): void => {
    claims.push(...made);
    if (flags.json) return;
    for (const each of made) terminal.out.write(`${claimLine(each, colour)}\n`);
  };
  /** One run on the target; with a name of its own below the folder. */
  const run = async (
    name: string,
    { scenario }: Pick<Experiment, 'scenario'>,
    { target, pid }: KnownTarget,
    threads?: number,
  ): Promise<{ record: RunRecord; out: string }> => {
    if (interrupt.signal.aborted) throw new NoRun(undefined);
    const out = join(folder, name);
    const nodes = { probes: () => [{ node: 'target', pid }] };
    const runFlags = { quiet: true, out, ...(threads === undefined ? {} : { threads }) };
    const { record } = await execute(
      scenario,
      [target],
      nodes,
      runFlags,
      command,
      terminal,
      interrupt,
    );
    if (record.state === 'interrupted' || record.measured.seconds === 0) throw new NoRun(record);
    return { record, out };
  };
  const on = async <T>(
    { law }: Experiment,
    use: (target: KnownTarget) => Promise<T>,
  ): Promise<T> => {
    const target = await startKnownTarget(law);
    try {
      return await use(target);
    } finally {
      await target.stop();
    }
  };
  try {
    if (!flags.json) terminal.out.write(`${headLine()}\n`);
    say('1 of 4  service times: a server that is busy half of the time, 35 s');
    const pathOf = pathExperiment();
    const path = await on(pathOf, (target) => run('path', pathOf, target));
    claim(pathClaim(path.record));
    const service = serviceExperiment();
    await on(service, async (target) => {
      const { record } = await run('service', service, target);
      const { sojournsUs } = await target.truth();
      claim(...serviceClaims(record, sojournsUs, path.record));
      claim(...theoryClaims(record, path.record));
    });
    say('2 of 4  a server that stands still for half a second, twice, 15 s');
    const freeze = freezeExperiment();
    await on(freeze, async (target) => {
      const { record, out } = await run('freeze', freeze, target);
      const histogram = await (await readRun(out)).histogram('publish.response');
      claim(...freezeClaims(record, (us) => shareAbove(histogram, us)));
    });
    say('3 of 4  a generator that is asked for more than it can, 10 s');
    const starved = starvedExperiment();
    await on(starved, async (target) => {
      const { record } = await run('starved', starved, target, 1);
      claim(...starvedClaims(record, summaryLines(record)));
    });
    say('4 of 4  a capacity that is known, 80 s');
    const known = capacityExperiment();
    await on(known, async (target) => {
      const { answer } = await findCapacity({
        search: SEARCH,
        measure: async (load, number) => {
          const name = `capacity-${String(number).padStart(2, '0')}`;
          const scenario = stepScenario(known.scenario, load, STEP);
          const { record, out } = await run(name, { scenario }, target);
          return { run: name, record, rows: await (await readRun(out)).intervals() };
        },
        onStep: ({ load, outcome, reason }) =>
          say(
            `        load ${load.toPrecision(3)} ${outcome}${reason === '' ? '' : `: ${reason}`}`,
          ),
      });
      claim(...capacityClaims(answer, publishesAtLoadOne(known.scenario)));
    });
  } catch (error) {
    if (!(error instanceof NoRun)) throw error;
    say('stopped: a run did not come to its end');
    return error.exit === EXIT.pass ? EXIT.invalid : error.exit;
  } finally {
    interrupt.dispose();
    if (flags.out === undefined) await rm(folder, { recursive: true, force: true });
  }
  const failed = claims.filter(({ ok }) => !ok).length;
  if (flags.json) {
    terminal.out.write(`${JSON.stringify({ ok: failed === 0, claims }, undefined, 2)}\n`);
  } else {
    const verdict =
      failed === 0
        ? 'every claim holds: figures of this tool on this machine can be trusted that far'
        : `${failed} of ${claims.length} claims fail: this machine is too busy, or this tool is wrong`;
    terminal.out.write(`\n${verdict}\n`);
  }
  return failed === 0 ? EXIT.pass : EXIT.invalid;
}

function headLine(): string {
  const about = `selftest, ${availableParallelism()} cores, Node ${process.versions.node}`;
  return `${about}\n\n      ${row(['claim', 'known', 'measured', 'allowed'])}`;
}

function claimLine({ claim, known, measured, allowed, ok }: Claim, colour: boolean): string {
  const paint = painter(colour);
  const mark = ok ? paint('green', 'ok  ') : paint('red', 'fail');
  return `${mark}  ${row([claim, known, measured, allowed])}`;
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at === 0 ? cell.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[at]!)))
    .join('  ');
}
