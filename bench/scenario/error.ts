/** One thing that is wrong in a scenario. */
export interface ScenarioIssue {
  /** From 1; undefined when the value does not come from the file (`--set`, defaults). */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** As `groups.0.publish.0.topic`. */
  readonly path: string;
  readonly expected: string;
  /** As the file spells it, shortened; undefined when the value is missing. */
  readonly found: string | undefined;
}

/**
 * A scenario that cannot be run as written. The message has one line for each issue:
 * `file:line:column: path: expected …, found …`.
 */
export class ScenarioError extends Error {
  readonly code = 'SCENARIO_INVALID';
  readonly file: string;
  readonly issues: readonly ScenarioIssue[];
  /** Of the first issue. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly path: string;
  readonly expected: string;

  constructor(file: string, found: readonly ScenarioIssue[]) {
    const issues = found.toSorted(inFileOrder);
    super(issues.map((issue) => issueLine(file, issue)).join('\n'));
    this.name = 'ScenarioError';
    this.file = file;
    this.issues = issues;
    this.line = issues[0]?.line;
    this.column = issues[0]?.column;
    this.path = issues[0]?.path ?? '';
    this.expected = issues[0]?.expected ?? '';
  }
}

function inFileOrder(a: ScenarioIssue, b: ScenarioIssue): number {
  return (
    (a.line ?? Number.MAX_VALUE) - (b.line ?? Number.MAX_VALUE) || (a.column ?? 0) - (b.column ?? 0)
  );
}

function issueLine(file: string, issue: ScenarioIssue): string {
  const place = issue.line === undefined ? file : `${file}:${issue.line}:${issue.column}`;
  const path = issue.path === '' ? '' : `${issue.path}: `;
  const found = issue.found === undefined ? '' : `, found ${issue.found}`;
  return `${place}: ${path}expected ${issue.expected}${found}`;
}
