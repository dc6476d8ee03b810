import { ProbeError, probeSpec } from '../probe/mod.js';
import { TARGET_PROFILES, targetProfile } from '../targets/profiles.js';
import { checkAgainstProfile } from '../targets/rules.js';
import { checkWayIn } from '../targets/way-in.js';
import { checkClientIds } from './check-client-ids.js';
import { checkGroup } from './check-group.js';
import { checkPhases } from './check-phases.js';
import { checkTransport } from './check-transport.js';
import { Findings } from './findings.js';
import { nearest } from './nearest.js';
import { compilePayload } from './payload.js';
import type { Scenario } from './schema.js';

/** What the schema cannot see: fields that must fit each other. */
export function checkScenario(scenario: Scenario): Findings {
  const findings = new Findings();
  checkTransport(scenario, findings);
  checkProbes(scenario, findings);
  const groupNames = checkNames(scenario.groups, 'groups', findings);
  scenario.groups.forEach((group, g) => {
    checkGroup(group, ['groups', g], findings);
  });
  checkForeignHeaders(scenario, findings);
  checkSizes(scenario, findings);
  checkNames(scenario.phases, 'phases', findings);
  checkPhases(scenario, groupNames, findings);
  // Ids are rendered to be compared, which needs templates that are sound.
  if (findings.errors.length === 0) checkClientIds(scenario, findings);
  if (findings.errors.length === 0) checkProfile(scenario, findings);
  return findings;
}

/** What is worth knowing about a scenario before its numbers are read: one sentence each. */
export function scenarioNotes(scenario: Scenario): string[] {
  return checkScenario(scenario).notes.map(({ path, text }) => `${path.join('.')}: ${text}`);
}

function checkProfile(scenario: Scenario, findings: Findings): void {
  const choice = scenario.profile;
  if (choice === undefined) return;
  const profile = targetProfile(choice.name);
  if (profile === undefined) {
    const names = TARGET_PROFILES.map(({ name }) => name);
    const meant = nearest(choice.name, names);
    const hint = meant === undefined ? names.join(', ') : `did you mean '${meant}'?`;
    findings.error(['profile'], `the name of a target profile (${hint})`);
    return;
  }
  if (profile.needsHost !== undefined && choice.host === undefined) {
    findings.error(['profile', 'host'], `${profile.needsHost}: user names and tokens contain it`);
  }
  if (choice.sas !== undefined && profile.name !== 'azure-iot-hub') {
    findings.error(
      ['profile', 'sas'],
      `no sas for ${profile.title}, which does not know such tokens`,
    );
  }
  checkWayIn(scenario, profile, findings);
  scenario.groups.forEach((group, g) => {
    checkAgainstProfile(group, ['groups', g], profile, findings);
  });
}

function checkProbes(scenario: Scenario, findings: Findings): void {
  for (const [name, source] of Object.entries(scenario.probes)) {
    try {
      probeSpec(name, source);
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      findings.error(['probes', name], `something to watch (${error.message})`);
    }
  }
}

function checkNames(named: readonly { name: string }[], list: string, findings: Findings) {
  const seen = new Map<string, number>();
  named.forEach(({ name }, k) => {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, k);
    else findings.error([list, k, 'name'], `a name that ${list}.${first} does not have already`);
  });
  return [...seen.keys()];
}

/** Messages without a measurement header are of other programs, or of an own stream that has none: not both. */
function checkForeignHeaders(scenario: Scenario, findings: Findings): void {
  if (scenario.foreignHeaders === undefined) return;
  scenario.groups.forEach(({ publish }, g) => {
    publish.forEach(({ payload }, s) => {
      if (compilePayload(payload).headerBytes > 0) return;
      findings.error(
        ['groups', g, 'publish', s, 'payload'],
        'room for the measurement header, beside foreignHeaders: without it its messages look like those of others',
      );
    });
  });
}

const MAX_SLOTS = 2 ** 32;

/** Sender slots travel as 32 bits in the measurement header. */
function checkSizes(scenario: Scenario, findings: Findings): void {
  let devices = 0;
  let senders = 0;
  for (const group of scenario.groups) {
    devices += group.count;
    senders += group.count * group.publish.length;
  }
  if (devices > MAX_SLOTS || senders > MAX_SLOTS) {
    findings.error(['groups'], `at most 2^32 devices, and as many publish streams of devices`);
  }
}
