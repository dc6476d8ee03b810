import {
  type Check,
  FleetError,
  formatTarget,
  machineFacts,
  machineLimits,
  parseTarget,
  plan,
  procFs,
  reachTargets,
  runChecks,
  type Scenario,
  type Target,
  timeChecks,
  timeFacts,
} from '../bench/mod.js';
import { columns, formatCount, formatRate, painter, wrap } from '../results/mod.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type NamedScenario, namedScenario } from './named-scenario.js';
import type { Terminal } from './terminal.js';

/** The flags of `fleetgauge doctor`. */
export interface DoctorFlags extends NamedScenario {
  scenario: string;
  threads?: number | undefined;
  json: boolean;
}

/** `fleetgauge doctor [scenario]`: what will stop a run here, and what to type against it. */
export async function doctor(flags: DoctorFlags, terminal: Terminal): Promise<ExitCode> {
  const scenario = await namedScenario(flags.scenario, flags);
  const targets = scenario.target.map(parseTarget);
  const facts = machineFacts(procFs);
  const intended = { scenario, targets, threads: flags.threads };
  const checks = [
    ...runChecks(intended, machineLimits(), procFs, facts),
    ...timeChecks(await timeFacts(procFs), facts),
  ];
  const answers = await Promise.all(targets.map((target) => answerCheck(target, scenario)));
  const all = [...checks, ...answers];
  if (flags.json) {
    const words = {
      scenario: scenario.name,
      targets: targets.map(formatTarget),
      state: worst(all),
    };
    terminal.out.write(`${JSON.stringify({ ...words, checks: all }, undefined, 2)}\n`);
  } else {
    terminal.out.write(`${doctorLines(scenario, targets, all, terminal.out).join('\n')}\n`);
  }
  if (checks.some(({ state }) => state === 'fail')) return EXIT.usage;
  return answers.some(({ state }) => state === 'fail') ? EXIT.unreached : EXIT.pass;
}

async function answerCheck(target: Target, scenario: Scenario): Promise<Check> {
  const what = 'target answers';
  const needs = formatTarget(target);
  const began = performance.now();
  try {
    await reachTargets(scenario, [target], '0000', machineLimits());
    const ms = performance.now() - began;
    return { what, needs, has: `CONNACK in ${ms.toFixed(1)} ms`, state: 'ok', fix: [] };
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    const why = error.message.slice(needs.length + 1);
    return { what, needs, has: 'no', state: 'fail', fix: [why] };
  }
}

function worst(checks: readonly Check[]): Check['state'] {
  const has = (state: Check['state']) => checks.some((one) => one.state === state);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}

const NARROWEST = 72;
const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const VERDICTS = {
  ok: 'FIT',
  warn: 'FIT, with doubts',
  fail: 'NOT FIT',
} as const;

/** What a run without a target does. */
function nowhere({ cluster }: Scenario): string {
  return cluster === undefined ? 'a target that is not named' : 'a cluster of its own';
}

/** A line a check in three columns; below those with something amiss what to do. */
export function doctorLines(
  scenario: Scenario,
  targets: readonly Target[],
  checks: readonly Check[],
  screen: { colour: boolean; width: number },
): string[] {
  const paint = painter(screen.colour);
  const width = Math.max(NARROWEST, screen.width);
  const state = worst(checks);
  const { deviceCount: devices, connectionCount } = plan(scenario);
  const on = connectionCount === devices ? '' : ` on ${formatCount(connectionCount)} connections`;
  const where = targets.length === 0 ? nowhere(scenario) : targets.map(formatTarget).join(', ');
  const about =
    `${scenario.name} on ${where}: ${formatCount(devices)} ${devices === 1 ? 'device' : 'devices'}${on}, ` +
    `${formatRate(scenario.connect.ratePerSec)} connects`;
  const [first = '', ...more] = wrap(`${VERDICTS[state]}  `, about, width);
  const table = columns(
    [
      ['', '', 'needs', 'has'],
      ...checks.map(({ what, needs, has, state }) => [state, what, needs, has]),
    ],
    ['left', 'left', 'left', 'left'],
  );
  const [head = '', ...rows] = table;
  return [
    `${paint('bold', paint(STYLES[state], VERDICTS[state]))}${first.slice(VERDICTS[state].length)}`,
    ...more,
    '',
    paint('dim', `  ${head}`),
    ...checks.flatMap(({ state, fix }, at) => [
      `  ${paint(STYLES[state], state)}${rows[at]!.slice(state.length)}`,
      ...fix.map((one, k) => `${k === 0 ? '        → ' : '       or '}${one}`),
    ]),
  ];
}
