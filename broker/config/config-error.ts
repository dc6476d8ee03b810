import { type Origin, onOneLine, placeOf } from './hocon/mod.js';

/** One thing that is wrong in a config. */
export interface ConfigIssue {
  /** undefined: it is not known where, for it is about something that is missing. */
  readonly at: Origin | undefined;
  /** As `node.name`. */
  readonly path: string;
  readonly expected: string;
  /** As it was spelled; undefined when there is nothing. */
  readonly found: string | undefined;
}

/**
 * A config with which no node can start. The message has one line for each issue:
 * `file:line:column: path: expected …, found …`.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[], options?: { cause: unknown }) {
    super(issues.toSorted(inOrder).map(lineOf).join('\n'), options);
    this.issues = issues;
  }
}

function inOrder({ at: a }: ConfigIssue, { at: b }: ConfigIssue): number {
  if (a?.source !== b?.source) return (a?.source ?? '') < (b?.source ?? '') ? -1 : 1;
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}

function lineOf({ at, path, expected, found }: ConfigIssue): string {
  const place = at === undefined ? '' : `${placeOf(at)}: `;
  const key = path === '' ? '' : `${path}: `;
  return onOneLine(
    `${place}${key}expected ${expected}${found === undefined ? '' : `, found ${found}`}`,
  );
}
