import { dirname, isAbsolute, join } from 'node:path';
import type { Cursor } from './cursor.js';
import { parseText } from './parse.js';
import { readQuoted } from './quoted.js';
import type { Assignment } from './syntax.js';

/** How files are read. */
export interface Files {
  /** The file's text, undefined if there is none. Throws Error if it cannot be read. */
  read(path: string): string | undefined;
  /** Told about an `include` of a file that is not there. */
  absent(path: string, cursor: Cursor): void;
}

/** What a text that is included needs to know about where it stands. */
export interface IncludedFrom {
  /** The keys below which its own keys come to stand. */
  readonly prefix: readonly string[];
  /** The files that are being read, outermost first. */
  readonly chain: readonly string[];
}

/** Reads `include …` if it is here, and gives the assignments of that file. */
export function readInclude(
  cursor: Cursor,
  files: Files,
  from: IncludedFrom,
): readonly Assignment[] | undefined {
  const form = /^include\s+(?=["fru])(required\(\s*)?(file\(\s*)?(?=")/.exec(
    cursor.text.slice(cursor.offset, cursor.offset + 80),
  );
  if (form === null) {
    const other = /^include\s+(?:required\(\s*)?(url|classpath|package)\(/;
    if (other.test(cursor.text.slice(cursor.offset, cursor.offset + 80))) {
      cursor.fail('include "file": other places are not read from');
    }
    return undefined;
  }
  const [opening, required, file] = form;
  cursor.offset += opening.length;
  const at = cursor.origin();
  const name = readQuoted(cursor);
  for (const bracket of [file, required]) {
    if (bracket === undefined) continue;
    cursor.takeGap();
    if (!cursor.take(')')) cursor.fail("')' after the name of the file");
  }
  const path = isAbsolute(name) ? name : join(dirname(cursor.source), name);
  if (from.chain.includes(path)) {
    cursor.fail('an include that does not lead back to itself', at, `'${name}'`);
  }
  const text = files.read(path);
  if (text === undefined) {
    if (required !== undefined) cursor.fail('a file that is there', at, `none at '${path}'`);
    files.absent(path, cursor);
    return [];
  }
  return parseText(text, path, files, { ...from, chain: [...from.chain, path] }).assignments;
}
