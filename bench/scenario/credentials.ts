import { readFileSync } from 'node:fs';
import { parseCsv } from '../../results/measure.js';
import { ScenarioError, type ScenarioIssue } from './error.js';
import { connectionsOf } from './gateways.js';
import { GroupIdentity } from './identity.js';
import { nearest } from './nearest.js';
import type { Group } from './schema.js';

/** Who a device, or the gateway that it is behind, is, as its row in a file of credentials says; what has no column is undefined. */
export interface Credentials {
  readonly clientId: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** `certificate` and `key` are kept free for files of their own for each device. */
const COLUMNS = ['clientId', 'username', 'password', 'certificate', 'key'] as const;

/**
 * The rows of a CSV file (RFC 4180, a header with the names of its columns), the first row for the first device.
 * @param connections that need a row each
 * @throws ScenarioError with the line of what is wrong
 */
export function parseCredentials(text: string, file: string, connections: number): Credentials[] {
  const whole = text.replaceAll('\r\n', '\n').replace(/^\ufeff/, '');
  const [header = [], ...rows] = parseCsv(whole.endsWith('\n') ? whole : `${whole}\n`);
  const issues: ScenarioIssue[] = [];
  const issue = (line: number, expected: string, found?: string) => {
    issues.push({ line, column: 1, path: '', expected, found });
  };
  for (const name of header) {
    if ((COLUMNS as readonly string[]).includes(name)) continue;
    const meant = nearest(name, COLUMNS);
    const hint = meant === undefined ? `one of ${COLUMNS.join(', ')}` : `did you mean '${meant}'?`;
    issue(1, `a known column (${hint})`, `'${name}'`);
  }
  const [clientId, username, password] = COLUMNS.map((name) => header.indexOf(name));
  const firstLine = new Map<string, number>();
  const table = rows.map((row, k): Credentials => {
    const line = k + 2;
    if (row.length !== header.length) issue(line, `${header.length} columns`, `${row.length}`);
    const id = row[clientId!];
    if (id === '') issue(line, 'a client id that is not empty');
    const before = id === undefined ? undefined : firstLine.get(id);
    if (before !== undefined)
      issue(line, `a client id that line ${before} does not have`, `'${id}'`);
    else if (id !== undefined) firstLine.set(id, line);
    return { clientId: id, username: row[username!], password: row[password!] };
  });
  if (table.length < connections) {
    issue(
      table.length + 2,
      `a row for each of the ${connections} connections`,
      `${table.length} rows`,
    );
  }
  if (issues.length > 0) throw new ScenarioError(file, issues.slice(0, MOST_ISSUES));
  return table;
}

/** A file of a million rows may be wrong a million times. */
const MOST_ISSUES = 20;

/** @throws ScenarioError when the file cannot be read or its rows are wrong */
export function readCredentials(file: string, connections: number): Credentials[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const expected = `a file of credentials that can be read (${code})`;
    const place = { line: undefined, column: undefined, path: '', found: undefined };
    throw new ScenarioError(file, [{ ...place, expected }]);
  }
  return parseCredentials(text, file, connections);
}

/** Who the devices of a group are, its file of credentials read. */
export function groupIdentity(group: Group, run: string, seed: number): GroupIdentity {
  const rows =
    group.credentials === undefined
      ? undefined
      : readCredentials(group.credentials.file, connectionsOf(group));
  return new GroupIdentity(group, run, seed, rows);
}
