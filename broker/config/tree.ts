import type { HoconField, HoconObject, HoconValue, Origin } from './hocon/mod.js';

/** The field at `path`, if there is one. */
export function fieldAt(root: HoconObject, path: readonly PropertyKey[]): HoconField | undefined {
  let field: HoconField | undefined;
  let here: HoconValue | undefined = root;
  for (const step of path) {
    if (here?.kind === 'object') field = here.fields.get(String(step));
    else if (here?.kind === 'list') {
      const item: HoconValue | undefined = here.items[Number(step)];
      field = item && { keyAt: item.at, value: item };
    } else return undefined;
    here = field?.value;
  }
  return field;
}

/** The place of the value at `path`, or of the nearest thing around it that was written. */
export function placeIn(root: HoconObject, path: readonly PropertyKey[]): Origin | undefined {
  for (let length = path.length; length > 0; length--) {
    const field = fieldAt(root, path.slice(0, length));
    if (field !== undefined) return length === path.length ? field.value.at : field.keyAt;
  }
  return undefined;
}

/** What the schema reads: texts, lists and objects. `null` says that a key is not set. */
export function textsOf(value: HoconValue): unknown {
  if (value.kind === 'list') return value.items.map(textsOf);
  if (value.kind !== 'object') return value.text;
  const set = [...value.fields].filter(([, field]) => field.value.kind !== 'null');
  return Object.fromEntries(set.map(([key, field]) => [key, textsOf(field.value)]));
}

const LONGEST = 60;

/** A value as it was spelled, shortened, for a message. */
export function spelled(value: HoconValue): string {
  const text = spelling(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** A value as HOCON on one line. */
export function spelling(value: HoconValue): string {
  if (value.kind === 'string') return JSON.stringify(value.text);
  if (value.kind === 'list') return `[${value.items.map(spelling).join(', ')}]`;
  if (value.kind !== 'object') return value.text;
  const parts = [...value.fields].map(([key, field]) => `${key} = ${spelling(field.value)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** Every path at which a value that is no object stands, with it. */
export function* leavesOf(
  object: HoconObject,
  path: readonly string[] = [],
): Generator<{ path: readonly string[]; field: HoconField }> {
  for (const [key, field] of object.fields) {
    const here = [...path, key];
    if (field.value.kind === 'object') yield* leavesOf(field.value, here);
    else yield { path: here, field };
  }
}

/** `object` without the field at `path`, and without what is empty then. */
export function without(object: HoconObject, [key = '', ...rest]: readonly string[]): HoconObject {
  const fields = new Map(object.fields);
  const field = fields.get(key);
  const inner =
    rest.length > 0 && field?.value.kind === 'object' ? without(field.value, rest) : undefined;
  if (field === undefined || inner === undefined || inner.fields.size === 0) fields.delete(key);
  else fields.set(key, { ...field, value: inner });
  return { ...object, fields };
}
