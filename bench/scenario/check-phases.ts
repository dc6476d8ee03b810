import type { Findings } from './findings.js';
import { keepsSession, leavers } from './leavers.js';
import { nearest } from './nearest.js';
import { isAbout, isRunning, loadSegments } from './phase-load.js';
import type { RunningPhase } from './phase-schema.js';
import type { Scenario } from './schema.js';

type Path = readonly (string | number)[];

/** A sine keeps 60 straight lines for each period. */
const MAX_PERIODS = 10_000;

/** The phases by themselves, and with the groups that they name. */
export function checkPhases(
  scenario: Scenario,
  groups: readonly string[],
  findings: Findings,
): void {
  const { phases } = scenario;
  if (phases[0]?.kind !== 'ramp') {
    findings.error(['phases', 0, 'kind'], 'the first phase to be a ramp, in which devices connect');
  }
  phases.forEach((phase, k) => {
    const path = ['phases', k];
    if (phase.kind === 'ramp' && k > 0) {
      findings.error([...path, 'kind'], 'one ramp only, as the first phase');
    }
    if (!isRunning(phase)) return;
    if (phase.durationUs === 0) findings.error([...path, 'duration'], 'a duration above 0');
    checkGroupNames(phase, path, groups, findings);
    checkShape(phase, path, findings);
    checkLeaves(scenario, phase, path, findings);
  });
  checkSaturating(scenario, findings);
}

function checkGroupNames(
  phase: RunningPhase,
  path: Path,
  groups: readonly string[],
  findings: Findings,
): void {
  const check = (name: string, at: Path) => {
    if (groups.includes(name)) return;
    const meant = nearest(name, groups);
    const hint = meant === undefined ? `groups: ${groups.join(', ')}` : `did you mean '${meant}'?`;
    findings.error(at, `the name of a group (${hint})`);
  };
  if (phase.load.kind === 'byGroup') {
    for (const name of Object.keys(phase.load.lines)) check(name, [...path, 'load', name]);
  }
  if (!('groups' in phase)) return;
  phase.groups?.forEach((name, k) => {
    check(name, [...path, 'groups', k]);
  });
}

function checkShape(phase: RunningPhase, path: Path, findings: Findings): void {
  if (phase.kind === 'spike') {
    if (phase.widthUs === 0) findings.error([...path, 'width'], 'a duration above 0');
    if (phase.atUs + phase.widthUs > phase.durationUs) {
      findings.error([...path, 'at'], "a spike that ends within the phase's duration");
    }
  }
  if (phase.kind === 'sine') {
    if (phase.periodUs < 1000) findings.error([...path, 'period'], 'a period of at least 1ms');
    else if (phase.durationUs / phase.periodUs > MAX_PERIODS) {
      findings.error([...path, 'period'], `at most ${MAX_PERIODS} periods in the duration`);
    }
  }
}

function checkLeaves(
  scenario: Scenario,
  phase: RunningPhase,
  path: Path,
  findings: Findings,
): void {
  const leaving = leavers(scenario, phase);
  if (leaving === undefined || leaving.connections === 0) return;
  if (phase.kind === 'churn') {
    const turnUs = (leaving.connections * 1_000_000) / phase.ratePerSec;
    if (turnUs <= phase.offlineUs) {
      const most = Math.floor((leaving.connections * 1_000_000) / phase.offlineUs);
      findings.error(
        [...path, 'ratePerSec'],
        `a rate below ${most}/s: each of the ${leaving.connections} connections is offline for a while in its cycle`,
      );
    }
  }
  const silent = isSilent(scenario, phase);
  scenario.groups.forEach((group, g) => {
    if (leaving.of(g) === 0) return;
    if (phase.kind === 'storm' && group.reconnect === undefined) {
      findings.error(
        ['groups', g],
        `reconnect, which says how its devices come back from phase '${phase.name}' (reconnect: {} takes the defaults)`,
      );
    }
    if (!silent && group.subscribe.length > 0 && !keepsSession(group)) {
      findings.note(
        path,
        `devices of '${group.name}' have no session while they are away (cleanStart: false keeps one, in MQTT 5 with a sessionExpiry): what is sent to them meanwhile counts as expected, and so as lost.`,
      );
    }
  });
}

/** No device publishes in it. */
function isSilent(scenario: Scenario, phase: RunningPhase): boolean {
  return scenario.groups
    .filter(({ publish }) => publish.length > 0)
    .flatMap(({ name }) => loadSegments(phase, name))
    .every(({ from, to }) => from === 0 && to === 0);
}

function checkSaturating(scenario: Scenario, findings: Findings): void {
  for (const group of scenario.groups) {
    if (!group.publish.some(({ arrivals }) => arrivals.kind === 'saturate')) continue;
    scenario.phases.forEach((phase, k) => {
      const plain = loadSegments(phase, group.name).every(
        ({ from, to }) => from === to && (from === 0 || from === 1),
      );
      if (plain) return;
      const shaped = isRunning(phase) && phase.kind !== 'steady' && isAbout(phase, group.name);
      const why = `group '${group.name}' saturates, so it has no rate to take a part of`;
      findings.error(['phases', k, shaped ? 'kind' : 'load'], `load 0 or 1 (${why})`);
    });
  }
}
