import { Cursor } from './cursor.js';
import { readQuoted } from './quoted.js';
import type { Key } from './syntax.js';

/** Reads `node.name`, `listeners.tcp."my.listener"`: keys with dots between; in quotes a dot is only a dot. */
export function readPath(cursor: Cursor): Key[] {
  const keys: Key[] = [];
  let at = cursor.origin();
  let name = '';
  let something = false;
  const endKey = (): void => {
    if (!something) cursor.fail('a key', at);
    keys.push({ name, at });
  };
  for (;;) {
    if (cursor.here === '"') {
      name += readQuoted(cursor);
      something = true;
    } else if (cursor.here === '.') {
      endKey();
      cursor.offset++;
      [at, name, something] = [cursor.origin(), '', false];
    } else if (cursor.atBare) {
      const from = cursor.offset;
      while (cursor.atBare && cursor.here !== '.') cursor.offset++;
      name += cursor.text.slice(from, cursor.offset);
      something = true;
    } else {
      const { offset } = cursor;
      const gap = cursor.takeGap();
      if (gap !== '' && something && (cursor.here === '"' || cursor.atBare)) {
        name += gap;
        continue;
      }
      cursor.offset = offset;
      endKey();
      return keys;
    }
  }
}

/** A path that stands alone, as in `--set node.name=…`. Throws HoconError, with `source` as its place. */
export function pathOf(text: string, source: string): string[] {
  const cursor = new Cursor(text, source);
  const keys = readPath(cursor);
  if (!cursor.atEnd) cursor.fail('a path such as node.name');
  return keys.map(({ name }) => name);
}

/** The path as `readPath` takes it. */
export function pathText(path: readonly string[]): string {
  return path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join('.');
}
