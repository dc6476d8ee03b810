import type { Cursor } from './cursor.js';

const ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Reads `"…"` with JSON's escapes, or `"""…"""` as it stands; the cursor is at its first quote. */
export function readQuoted(cursor: Cursor): string {
  const start = cursor.origin();
  if (cursor.take('"""')) {
    const rest = /"{3,}/g;
    rest.lastIndex = cursor.offset;
    const end = rest.exec(cursor.text);
    if (end === null) cursor.fail('""" at the end of this text', start, 'none');
    // Of more than three quotes the last three close it.
    const close = end.index + end[0].length - 3;
    const text = cursor.text.slice(cursor.offset, close);
    cursor.offset = close + 3;
    return text;
  }
  cursor.offset++;
  let text = '';
  for (;;) {
    const from = cursor.offset;
    while (!cursor.atEnd && !'"\\\n'.includes(cursor.here)) cursor.offset++;
    text += cursor.text.slice(from, cursor.offset);
    if (cursor.take('"')) return text;
    if (cursor.here !== '\\') {
      cursor.fail('a closing " on the same line (or """ for several lines)', start, cursor.found());
    }
    text += readEscape(cursor);
  }
}

function readEscape(cursor: Cursor): string {
  const at = cursor.origin();
  const letter = cursor.text.charAt(cursor.offset + 1);
  const escaped = ESCAPES.get(letter);
  if (escaped !== undefined) {
    cursor.offset += 2;
    return escaped;
  }
  const hex = /^u([\da-fA-F]{4})/.exec(cursor.text.slice(cursor.offset + 1, cursor.offset + 6));
  if (hex === null) {
    cursor.fail(
      'an escape of JSON (\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000)',
      at,
      `'\\${letter}'`,
    );
  }
  cursor.offset += 6;
  return String.fromCharCode(Number.parseInt(hex[1]!, 16));
}
