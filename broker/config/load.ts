import type { z } from 'zod';
import { adviseOn, checkConfig } from './checks.js';
import { ConfigError, type ConfigIssue } from './config-error.js';
import {
  type Environment,
  type Files,
  HoconError,
  type HoconObject,
  overlay,
  parseHocon,
  placeOf,
  wrapped,
} from './hocon/mod.js';
import { isSecret } from './keys.js';
import { EMPTY, environmentLayer, flagsLayer, type NamedFlags, setLayer } from './layers.js';
import { nearest } from './nearest.js';
import { notYetNotes } from './not-yet.js';
import { passOver, presentPath } from './passed-over.js';
import { frozen, type NodeConfig, nodeConfigSchema } from './schema.js';
import { type Setting, settingsOf } from './settings.js';
import { fieldAt, leavesOf, placeIn, spelled, textsOf, without } from './tree.js';

/** Where a node's config comes from; what stands further down wins. */
export interface ConfigSources {
  /** The config file. */
  readonly file?: string | undefined;
  readonly environment?: Environment;
  /** `key=value` each. */
  readonly set?: readonly string[];
  readonly flags?: NamedFlags;
  /** The text of a file, undefined if there is none. Throws Error if it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** What was passed over or is probably not meant, a line each. */
  readonly notes: readonly string[];
  /** Every value and where it comes from. */
  readonly settings: readonly Setting[];
}

/** Reads and checks a node's config. Throws ConfigError with everything that is wrong. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const { environment = {}, set = [], flags = {} } = sources;
  const notes: string[] = [];
  const fromEnvironment = environmentLayer(environment);
  const file = inPresentWords(syntaxChecked(() => fileLayer(sources, environment, notes)));
  const written = [fromEnvironment.layer, syntaxChecked(() => setLayer(set))].reduce(overlay, file);
  const given = overlay(written, flagsLayer(flags, written));
  const { rest, notes: passedOver } = passOver(given);
  const config = frozen(validated(rest));
  const issues = checkConfig(config, rest);
  if (issues.length > 0) throw new ConfigError(issues);
  notes.push(...fromEnvironment.notes, ...passedOver, ...adviseOn(config, rest));
  notes.push(...notYetNotes(rest));
  return { config, notes, settings: settingsOf(rest) };
}

function fileLayer(
  { file, readFile }: ConfigSources,
  environment: Environment,
  notes: string[],
): HoconObject {
  if (file === undefined) return EMPTY;
  const files: Files = {
    read: (path) => readable(path, readFile),
    absent: (path, cursor) => {
      notes.push(`${placeOf(cursor.origin())}: include: passed over, there is no file '${path}'`);
    },
  };
  const text = files.read(file);
  if (text === undefined) throw unreadable(file, 'none');
  return parseHocon(text, file, { files, environment });
}

function readable(path: string, readFile: ConfigSources['readFile']): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(path: string, found: string): ConfigError {
  return new ConfigError([
    { at: { source: path }, path: '', expected: 'a file that can be read', found },
  ]);
}

function syntaxChecked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HoconError)) throw error;
    const { at, expected, found } = error;
    throw new ConfigError([{ at, path: '', expected, found }], { cause: error });
  }
}

/** With keys that have another name today moved to it. */
function inPresentWords(root: HoconObject): HoconObject {
  let moved = root;
  for (const { path, field } of leavesOf(root)) {
    const present = presentPath(path);
    if (present === path) continue;
    moved = without(moved, path);
    if (fieldAt(root, present) === undefined) {
      moved = overlay(moved, wrapped(present, field.value));
    }
  }
  return moved;
}

function validated(root: HoconObject): z.output<typeof nodeConfigSchema> {
  for (const { path, field } of leavesOf(root)) {
    // zod takes a group by that name for empty.
    if (!path.includes('__proto__')) continue;
    const found = "'__proto__'";
    const expected = 'a known key';
    throw new ConfigError([{ at: field.keyAt, path: path.join('.'), expected, found }]);
  }
  const result = nodeConfigSchema.safeParse(textsOf(root));
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => issuesOf(issue, root)));
}

function issuesOf(issue: z.core.$ZodIssue, root: HoconObject): ConfigIssue[] {
  if (issue.code !== 'unrecognized_keys') {
    const path = issue.path.map(String);
    const value = fieldAt(root, path)?.value;
    return [
      {
        at: placeIn(root, path),
        path: path.join('.'),
        expected: issue.message,
        found: value && (isSecret(path) ? 'another value' : spelled(value)),
      },
    ];
  }
  const known = issue.message.split(' ');
  return issue.keys.map((key) => {
    const path = [...issue.path.map(String), key];
    const meant = nearest(key, known);
    const hint = meant === undefined ? `one of ${known.join(', ')}` : `did you mean '${meant}'?`;
    return {
      at: fieldAt(root, path)?.keyAt,
      path: path.join('.'),
      expected: `a known key (${hint})`,
      found: `'${key}'`,
    };
  });
}
