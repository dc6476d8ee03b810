/**
 * The verbs, wired: argv, stdout and the exit codes; no logic. Each verb is loaded when it is typed: a cluster of fifty
 * nodes on one machine has no memory for fifty load generators.
 */
import yargs, { type Argv } from 'yargs';
import type { BenchVerb } from '../bench/mod.js';
import { EXIT } from './exit-codes.js';
import {
  AGENT_OPTIONS,
  BROKER_OPTIONS,
  BROKER_UP_OPTIONS,
  CAPACITY_OPTIONS,
  CERTS_OPTIONS,
  checkFlags,
  DOCTOR_OPTIONS,
  ESTIMATE_OPTIONS,
  FLEET_OPTIONS,
  QUICKSTART_OPTIONS,
  RUN_OPTIONS,
  SCENARIO_OPTIONS,
  SELFTEST_OPTIONS,
  withEnvironment,
} from './flags.js';
import { isOutOfFiles } from './out-of-files.js';
import { endQuietlyOnClosedPipe, processTerminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { toolFacts } from './version.js';

const terminal = processTerminal();
const argv = process.argv.slice(2);
const command = ['fleetgauge', ...argv];
const RUN = { ...SCENARIO_OPTIONS, ...FLEET_OPTIONS, ...RUN_OPTIONS };
const PRESETS = { json: RUN_OPTIONS.json };
let exit: number = EXIT.pass;

/** Notes the exit code that a verb ends with. */
async function ending(code: number | Promise<number>): Promise<void> {
  exit = await code;
}

function parser(args: readonly string[]): Argv {
  return yargs([...args])
    .scriptName('fleetgauge')
    .version(toolFacts().version)
    .strict()
    .exitProcess(false)
    .wrap(Math.min(100, terminal.out.width))
    .updateLocale({ 'Not enough arguments following: %s': '--%s: a value is missing' })
    .check((flags) => checkFlags(flags))
    .fail((message, error) => {
      // What yargs has against a command line comes as text alone, or as an error of its own kind.
      if (error !== undefined && error.name !== 'YError') throw error;
      const text = message ?? error?.message;
      const lacking = text.startsWith('Not enough non-option') ? NEEDS[argv[0] ?? ''] : undefined;
      throw new UsageError(`${lacking ?? text}; see ${helpCommand()}`);
    });
}

function isBenchVerb(verb: string | undefined): verb is BenchVerb {
  return verb === 'conn' || verb === 'pub' || verb === 'sub';
}

/** What a verb cannot do without. */
const NEEDS: Readonly<Record<string, string>> = {
  run: 'run needs a scenario: a file, or a preset (fleetgauge presets)',
  capacity: 'capacity needs a scenario: a file, or a preset (fleetgauge presets)',
  broker: 'broker needs a verb: start or up',
  certs: 'certs needs a folder',
  schema: 'schema needs to know of what: schema scenario',
};

function helpCommand(): string {
  const verb = [
    'run',
    'agent',
    'capacity',
    'certs',
    'doctor',
    'estimate',
    'broker',
    'quickstart',
    'selftest',
    'presets',
  ].find((v) => v === argv[0]);
  return ['fleetgauge', ...(verb === undefined ? [] : [verb]), '--help'].join(' ');
}

async function main(): Promise<void> {
  const [verb, ...rest] = argv;
  if (isBenchVerb(verb)) {
    // emqtt-bench's flags are read its way; what is ours among them comes back as `own`.
    const { bench, benchHelp } = await import('./bench.js');
    if (rest.includes('--help')) return ending(benchHelp(verb, terminal));
    const readOwn = (own: readonly string[]) =>
      parser(withEnvironment(own, RUN_OPTIONS)).options(RUN_OPTIONS).parseSync();
    return ending(bench(verb, rest, readOwn, command, terminal));
  }
  if (verb === 'ctl') {
    // The words belong to the node that is asked.
    const { ctl } = await import('./ctl.js');
    const { controlFolderHere } = await import('./control-folder.js');
    return ending(ctl(rest, { folder: controlFolderHere(), env: process.env }, terminal));
  }
  const twins = { run: RUN, estimate: ESTIMATE_OPTIONS, broker: BROKER_OPTIONS, presets: PRESETS };
  const options =
    {
      ...twins,
      agent: AGENT_OPTIONS,
      certs: CERTS_OPTIONS,
      doctor: DOCTOR_OPTIONS,
      quickstart: QUICKSTART_OPTIONS,
      capacity: CAPACITY_OPTIONS,
      selftest: SELFTEST_OPTIONS,
    }[verb ?? ''] ?? {};
  await parser(withEnvironment(argv, options))
    .usage('$0 <verb>\n\nMeasures what an MQTT cluster can carry and turns it into hardware.')
    .command(
      'quickstart',
      'the whole chain on this machine, in about a minute',
      (y) => y.options(QUICKSTART_OPTIONS),
      (flags) =>
        ending(import('./quickstart.js').then((m) => m.quickstart(flags, command, terminal))),
    )
    .command(
      'run [scenario]',
      'run a scenario file or a preset against a target',
      (y) => y.positional('scenario', { type: 'string' }).options(RUN),
      (flags) => ending(import('./run.js').then((m) => m.run(flags, command, terminal))),
    )
    .command(
      'agent',
      'lend this machine to a coordinator (run --agents), until Ctrl-C',
      (y) => y.options(AGENT_OPTIONS),
      (flags) => ending(import('./agent.js').then((m) => m.agent(flags, terminal))),
    )
    .command(
      'capacity <scenario>',
      'the highest load that a target carries, as an interval',
      (y) =>
        y.positional('scenario', { type: 'string', demandOption: true }).options(CAPACITY_OPTIONS),
      (flags) => ending(import('./capacity.js').then((m) => m.capacity(flags, command, terminal))),
    )
    .command(
      'selftest [parts..]',
      'is this tool honest on this machine: against a target whose truth is known',
      (y) => y.positional('parts', { type: 'string', array: true }).options(SELFTEST_OPTIONS),
      (flags) => ending(import('./selftest.js').then((m) => m.selftest(flags, command, terminal))),
    )
    .command(
      'doctor [scenario]',
      'what will stop this run here, and what to do about it',
      (y) => y.positional('scenario', { type: 'string', default: 'smoke' }).options(DOCTOR_OPTIONS),
      (flags) => ending(import('./doctor.js').then((m) => m.doctor(flags, terminal))),
    )
    .command('conn <flags..>', "emqtt-bench's conn: its flags, run as the scenario they mean")
    .command('pub <flags..>', "emqtt-bench's pub; --dry-run shows the scenario")
    .command('sub <flags..>', "emqtt-bench's sub")
    .command(
      'certs <folder>',
      'a test authority with a server certificate, for runs over TLS',
      (y) => y.positional('folder', { type: 'string', demandOption: true }).options(CERTS_OPTIONS),
      (flags) => ending(import('./certs.js').then((m) => m.certs(flags, terminal))),
    )
    .command(
      'estimate',
      'CPU, memory and node count for a demand, from run records',
      (y) => y.options(ESTIMATE_OPTIONS),
      (flags) =>
        ending(import('./estimate.js').then((m) => m.estimate(flags, terminal.out, terminal.err))),
    )
    .command('broker <verb>', 'the cluster broker that comes along', (y) =>
      y
        .command(
          'start',
          'one node in the foreground, until Ctrl-C',
          (z) => z.options(BROKER_OPTIONS),
          (flags) =>
            ending(import('./broker-start.js').then((m) => m.brokerStart(flags, terminal))),
        )
        .command(
          'up',
          'a cluster on this machine, a process a node, until Ctrl-C',
          (z) => z.options(BROKER_UP_OPTIONS),
          (flags) => ending(import('./broker-up.js').then((m) => m.brokerUp(flags, terminal))),
        )
        .demandCommand(1, 'broker needs a verb: start or up'),
    )
    .command('ctl <command..>', 'asks a node that runs on this machine, and has it do things')
    .command(
      'presets',
      'the scenarios that come along',
      (y) => y.options(PRESETS),
      (flags) => ending(import('./presets.js').then((m) => m.listPresets(flags.json, terminal))),
    )
    .command(
      'schema <of>',
      'JSON Schema of the scenario file, for editors',
      (y) => y.positional('of', { choices: ['scenario'] as const, demandOption: true }),
      () => ending(import('./schema.js').then((m) => m.printSchema(terminal))),
    )
    .demandCommand(1, 'name a verb, such as quickstart or run')
    .epilogue(
      'Exit codes: 0 pass · 1 bug · 2 usage · 3 unreached · 4 objective · 6 invalid · 7 interrupted · ' +
        '8 inconclusive',
    )
    .parseAsync();
}

/** Does what was typed; sets the exit code. */
export async function commandLine(): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    await main();
  } catch (error) {
    if (isOutOfFiles(error)) throw error;
    const { failure } = await import('./failure.js');
    const { text, exit: code } = failure(error);
    terminal.err.write(`${text}\n`);
    exit = code;
  } finally {
    process.exitCode = exit;
  }
}
