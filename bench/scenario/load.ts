import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Credentials, readCredentials } from './credentials.js';
import { ScenarioError } from './error.js';
import { connectionsOf } from './gateways.js';
import { nearest } from './nearest.js';
import { parseScenario, type ScenarioChanges } from './parse.js';
import { withPayloadFiles } from './payload-files.js';
import { presetFile, presets } from './presets.js';
import type { Group, Scenario } from './schema.js';
import { compileTemplate } from './template.js';

export class ScenarioNotFoundError extends Error {
  readonly code = 'SCENARIO_NOT_FOUND';

  constructor(wanted: string, why: string) {
    super(`scenario '${wanted}': ${why}`);
    this.name = 'ScenarioNotFoundError';
  }
}

/**
 * A scenario by preset name or by file: whatever has a `/` or ends in .yaml, .yml or .json is a
 * file. Throws ScenarioNotFoundError, and what `parseScenario` throws.
 */
export async function loadScenario(
  nameOrPath: string,
  changes: ScenarioChanges = {},
): Promise<Scenario> {
  const isFile = /[/\\]|\.(ya?ml|json)$/i.test(nameOrPath);
  const file = isFile ? nameOrPath : presetFile(nameOrPath);
  if (file === undefined) {
    const names = presets().map(({ name }) => name);
    const meant = nearest(nameOrPath, names);
    const hint = meant === undefined ? `presets: ${names.join(', ')}` : `did you mean '${meant}'?`;
    throw new ScenarioNotFoundError(nameOrPath, `no preset of this name, and no file (${hint})`);
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ScenarioNotFoundError(nameOrPath, reason(error));
  }
  return withPayloadFiles(withCredentials(parseScenario(text, file, changes), file), file);
}

/** Files of credentials found from where the scenario lies, and seen to be right before anything connects. */
function withCredentials(scenario: Scenario, scenarioFile: string): Scenario {
  const groups = scenario.groups.map((group) => {
    if (group.credentials === undefined) return group;
    const file = resolve(dirname(scenarioFile), group.credentials.file);
    checkFilters(group, readCredentials(file, connectionsOf(group)), file);
    return { ...group, credentials: { file } };
  });
  return { ...scenario, groups };
}

/** Whose filters match a topic is computed from the scenario, and what is in the file is not in it. */
function checkFilters(group: Group, [first]: readonly Credentials[], file: string): void {
  for (const { filter } of group.subscribe) {
    const template = compileTemplate(filter);
    const column =
      template.uses('c') && first?.clientId !== undefined
        ? 'clientId'
        : template.uses('u') && first?.username !== undefined
          ? 'username'
          : undefined;
    if (column === undefined) continue;
    const why = `group '${group.name}' subscribes to ${filter}, whose deliveries are counted from the scenario`;
    const expected = `no column ${column} (${why}: say ${column} there, such as ${column}: 'device-%i')`;
    const place = { line: 1, column: 1, path: '', found: undefined };
    throw new ScenarioError(file, [{ ...place, expected }]);
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory; name the file in it';
  if (code === 'EACCES') return 'it may not be read; check its permissions';
  return `it cannot be read (${code ?? String(error)})`;
}
