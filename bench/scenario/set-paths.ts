import { type Document, isMap, isSeq, parseDocument } from 'yaml';

export class SetPathError extends Error {
  readonly code = 'SET_PATH_INVALID';

  constructor(assignment: string, why: string) {
    super(`--set ${assignment}: ${why}`);
    this.name = 'SetPathError';
  }
}

/**
 * Changes a scenario's document as `--set path=value` says, before it is checked. The path is keys
 * with dots between; a list is entered by index or by an element's name, so that `groups.0.count`
 * and `groups.sensors.count` can be the same. The value is YAML: `10k`, `[0, 1]`, `{ bytes: 16 }`.
 * A key that is not there is added; the index behind the last element appends.
 */
export function setPaths(document: Document, assignments: readonly string[]): void {
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals <= 0) {
      throw new SetPathError(assignment, 'expected path=value, such as groups.0.count=10k');
    }
    const value = readValue(assignment.slice(equals + 1), assignment);
    set(document, assignment.slice(0, equals).trim(), value, assignment);
  }
}

/** YAML; what YAML reserves (`%i`, `@x`) is taken as text, unless a bracket opens it. */
function readValue(text: string, assignment: string): unknown {
  const value = parseDocument(text, { prettyErrors: false });
  const error = value.errors[0];
  if (error === undefined) return value.toJS();
  if (/^\s*[[{"']/.test(text)) {
    throw new SetPathError(assignment, `the value is not YAML (${error.message})`);
  }
  return text;
}

function set(document: Document, path: string, value: unknown, assignment: string): void {
  const keys: (string | number)[] = [];
  let node: unknown = document.contents;
  const steps = path.split('.');
  steps.forEach((step, k) => {
    if (isMap(node)) {
      keys.push(step);
      node = node.get(step, true);
      return;
    }
    if (isSeq(node)) {
      const index = indexIn(node.items, step);
      if (index === undefined) {
        const where = steps.slice(0, k).join('.');
        throw new SetPathError(assignment, `${where} has no element '${step}'`);
      }
      keys.push(index);
      node = node.items[index];
      return;
    }
    if (node !== undefined && node !== null) {
      throw new SetPathError(assignment, `${steps.slice(0, k).join('.')} is a plain value`);
    }
    keys.push(/^\d+$/.test(step) ? Number(step) : step);
  });
  document.setIn(keys, document.createNode(value));
}

function indexIn(items: readonly unknown[], step: string): number | undefined {
  const named = items.findIndex((item) => isMap(item) && item.get('name') === step);
  if (named >= 0) return named;
  const index = Number(step);
  return Number.isInteger(index) && index >= 0 && index <= items.length ? index : undefined;
}
