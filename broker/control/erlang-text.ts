/** Erlang's way to print terms (`~p`), as far as `ctl` needs it: scripts written for EMQX read it. */

const LINE_COLUMNS = 80;
/** How far a value on a line of its own stands behind its key. */
const VALUE_INDENT = 4;

/** A node name as an atom: quoted unless it is letters, digits, `_` and `@` after a small letter. */
export function atomText(name: string): string {
  if (/^[a-z][A-Za-z0-9_@]*$/.test(name)) return name;
  return `'${name.replace(/[\\']/g, '\\$&')}'`;
}

/**
 * `#{key => ['a@1','b@2'],…}`, behind `column` characters of the same line. On one line if it has room; otherwise a
 * line for each key, its list behind `=>` or, without room there, on lines of its own with as many names as fit.
 */
export function mapOfAtomLists(
  lists: Readonly<Record<string, readonly string[]>>,
  column: number,
): string {
  const pairs = Object.entries(lists).map(([key, names]) => ({ key, names: names.map(atomText) }));
  const flat = `#{${pairs.map(({ key, names }) => `${key} => [${names.join(',')}]`).join(',')}}`;
  // Columns count from 1 there, and a line is full one before its last.
  const at = column + 1;
  if (flat.length < LINE_COLUMNS - at) return flat;
  const inner = at + '#{'.length;
  const newLine = `\n${' '.repeat(inner - 1)}`;
  const texts = pairs.map(({ key, names }, index) => {
    const closing = index === pairs.length - 1 ? 1 : 0;
    const pair = `${key} => [${names.join(',')}]`;
    if (pair.length < LINE_COLUMNS - inner - closing) return pair;
    const valueAt = inner + VALUE_INDENT;
    return `${key} =>\n${' '.repeat(valueAt - 1)}${atomList(names, valueAt, closing)}`;
  });
  return `#{${texts.join(`,${newLine}`)}}`;
}

/** A list that begins in `at`, with `closing` brackets of others behind its own. */
function atomList(names: readonly string[], at: number, closing: number): string {
  const flat = `[${names.join(',')}]`;
  if (flat.length < LINE_COLUMNS - at - closing) return flat;
  const first = at + 1;
  let text = '[';
  let next = first;
  names.forEach((name, index) => {
    const isLast = index === names.length - 1;
    const room = LINE_COLUMNS - next - (isLast ? closing + 1 : 1);
    if (index === 0) {
      text += name;
      next = first + name.length;
    } else if (name.length + 1 < room) {
      text += `,${name}`;
      next += name.length + 1;
    } else {
      text += `,\n${' '.repeat(first - 1)}${name}`;
      next = first + name.length;
    }
  });
  return `${text}]`;
}
