import { fillFromProfile, nameProfile } from '../targets/defaults.js';
import { targetProfile } from '../targets/profiles.js';
import { throughEndpoints } from '../targets/way-in.js';
import { checkScenario } from './check.js';
import { ScenarioError } from './error.js';
import { scale } from './scale.js';
import { type Scenario, type ScenarioSpelling, scenarioSchema } from './schema.js';
import { setPaths } from './set-paths.js';
import { ScenarioSource } from './source.js';

/** What the command line changes in a scenario. */
export interface ScenarioChanges {
  /** Name of a target profile, instead of the scenario's. */
  readonly profile?: string;
  /** URLs of targets, instead of the scenario's; what they leave out is the profile's to say. */
  readonly target?: readonly string[];
  /** `path=value`, before the scenario is checked; see `setPaths`. */
  readonly set?: readonly string[];
  /** See `scale`; after `set`. */
  readonly scale?: number;
}

/**
 * YAML or JSON text → a checked scenario. Throws ScenarioError with every issue found, and
 * SetPathError for a bad `set`.
 */
export function parseScenario(
  text: string,
  fileName: string,
  changes: ScenarioChanges = {},
): Scenario {
  const source = new ScenarioSource(text, fileName);
  if (changes.profile !== undefined) nameProfile(source.document, changes.profile);
  setPaths(source.document, changes.set ?? []);
  const { target } = changes;
  if (target !== undefined) source.document.setIn(['target'], source.document.createNode(target));
  fillFromProfile(source.document);
  const asRead = source.read();
  const profile = targetProfile(asRead.profile?.name ?? '');
  const read = profile === undefined ? asRead : throughEndpoints(asRead, profile);
  const scenario = changes.scale === undefined ? read : scale(read, changes.scale);
  const { errors } = checkScenario(scenario);
  if (errors.length === 0) return scenario;
  const issues = errors.map(({ path, text }) => source.issue(path, text));
  throw new ScenarioError(fileName, issues);
}

/** A scenario written by the program itself: what is wrong comes as `path: expected …` lines. */
export function parseDraft(draft: ScenarioSpelling): {
  scenario: Scenario | undefined;
  problems: string[];
} {
  const result = scenarioSchema.safeParse(draft);
  const issues: readonly { path: readonly PropertyKey[]; text: string }[] = result.success
    ? checkScenario(result.data).errors
    : result.error.issues.map(({ path, message }) => ({ path, text: message }));
  const problems = issues.map(
    ({ path, text }) => `${path.map(String).join('.')}: expected ${text}`,
  );
  return { scenario: problems.length === 0 ? result.data : undefined, problems };
}
