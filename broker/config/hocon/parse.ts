import { Cursor } from './cursor.js';
import { type Files, type IncludedFrom, readInclude } from './include.js';
import { readPath } from './path.js';
import { readQuoted } from './quoted.js';
import type {
  Assignment,
  Key,
  ListSyntax,
  ObjectSyntax,
  Piece,
  ReferenceSyntax,
  Syntax,
} from './syntax.js';

/** Deeper than any config; so that no text can exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * Reads a text. The grammar, in which a line end does what a comma does:
 *
 *     text    = '{' fields '}' | fields
 *     fields  = [ field { ( ',' | newline ) field } [ ',' ] ]
 *     field   = path ( '=' | ':' ) value | path '+=' value | path object | include
 *     value   = piece { blanks piece }               (on one line)
 *     piece   = object | list | '"' … '"' | '"""' … '"""' | bare | '${' [ '?' ] path '}'
 *     object  = '{' fields '}'
 *     list    = '[' [ value { ( ',' | newline ) value } [ ',' ] ] ']'
 *     include = 'include' ( '"' file '"' | 'file("' file '")' | 'required(' … ')' )
 */
export function parseText(
  text: string,
  source: string,
  files: Files,
  from: IncludedFrom = { prefix: [], chain: [source] },
): ObjectSyntax {
  return new Parser(new Cursor(text, source), files, from).document();
}

/** Reads a value that stands alone, as in an environment variable. */
export function parseValueText(text: string, source: string, files: Files): Syntax {
  const from = { prefix: [], chain: [source] };
  return new Parser(new Cursor(text, source), files, from).lone();
}

class Parser {
  readonly #cursor: Cursor;
  readonly #files: Files;
  readonly #from: IncludedFrom;
  /** The keys that lead to where we are. */
  #path: readonly string[] = [];
  #depth = 0;

  constructor(cursor: Cursor, files: Files, from: IncludedFrom) {
    this.#cursor = cursor;
    this.#files = files;
    this.#from = from;
  }

  document(): ObjectSyntax {
    const cursor = this.#cursor;
    cursor.skipLines();
    const at = cursor.origin();
    if (cursor.here === '[') cursor.fail('keys with values: a config is not a list');
    if (cursor.here !== '{') return { kind: 'object', assignments: this.#fields(''), at };
    const object = this.#object();
    cursor.skipLines();
    if (!cursor.atEnd) cursor.fail("nothing after the '}' that closes the first '{'");
    return object;
  }

  lone(): Syntax {
    this.#cursor.skipLines();
    const value = this.#value();
    this.#cursor.skipLines();
    if (!this.#cursor.atEnd) this.#cursor.fail('one value');
    return value;
  }

  #object(): ObjectSyntax {
    const at = this.#cursor.origin();
    return this.#nested(() => {
      const assignments = this.#fields('}');
      if (!this.#cursor.take('}')) this.#cursor.fail("'}' for this '{'", at);
      return { kind: 'object', assignments, at };
    });
  }

  #list(): ListSyntax {
    const cursor = this.#cursor;
    const at = cursor.origin();
    return this.#nested(() => {
      const items: Syntax[] = [];
      for (cursor.skipLines(); cursor.here !== ']'; ) {
        if (cursor.atEnd) cursor.fail("']' for this '['", at);
        items.push(this.#value());
        this.#separator(']', `',' or ']' (the '[' is in line ${at.line})`);
      }
      cursor.offset++;
      return { kind: 'list', items, at };
    });
  }

  /** Steps over the bracket here and reads what is inside. */
  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#cursor.fail(`at most ${MAX_DEPTH} brackets in another`);
    this.#cursor.offset++;
    const inside = read();
    this.#depth--;
    return inside;
  }

  #fields(close: string): Assignment[] {
    const cursor = this.#cursor;
    const assignments: Assignment[] = [];
    for (cursor.skipLines(); !cursor.atEnd && cursor.here !== close; ) {
      if (cursor.here === '}') cursor.fail("a key, for no '{' is open here");
      const included = readInclude(cursor, this.#files, this.#here());
      // One by one: a file may have more of them than a call takes arguments.
      if (included === undefined) assignments.push(this.#field());
      else for (const assignment of included) assignments.push(assignment);
      const closing = close === '' ? '' : `, or '${close}'`;
      this.#separator(close, `a comma or a new line before the next key${closing}`);
    }
    return assignments;
  }

  #here(): IncludedFrom {
    return { ...this.#from, prefix: [...this.#from.prefix, ...this.#path] };
  }

  #field(): Assignment {
    const cursor = this.#cursor;
    if (cursor.here !== '"' && !cursor.atBare) cursor.fail('a key');
    const path = readPath(cursor);
    cursor.skipLines();
    const at = cursor.origin();
    const outer = this.#path;
    this.#path = [...outer, ...path.map(({ name }) => name)];
    let value: Syntax;
    if (cursor.here === '{') value = this.#value();
    else if (cursor.take('+=')) {
      cursor.skipLines();
      value = { kind: 'append', item: this.#value(), at };
    } else {
      if (!cursor.take('=') && !cursor.take(':')) {
        const key = path.map(({ name }) => name).join('.');
        cursor.fail(`'=', ':' or '{' after the key '${key}'`);
      }
      cursor.skipLines();
      value = this.#value();
    }
    this.#path = outer;
    return { path, value };
  }

  /** Steps to the next element or to `close`; between two there is a comma or a line end. */
  #separator(close: string, expected: string): void {
    const cursor = this.#cursor;
    let apart = cursor.skipLines();
    if (cursor.take(',')) {
      apart = true;
      cursor.skipLines();
    }
    if (apart || cursor.atEnd || cursor.here === close || cursor.here === '}') return;
    // What text without quotes must not hold is mostly a forgotten quote.
    const quotes = '@:+*!?&$^`\\'.includes(cursor.here)
      ? ` (text with '${cursor.here}' in it stands in quotes)`
      : '';
    cursor.fail(`${expected}${quotes}`);
  }

  #value(): Syntax {
    const cursor = this.#cursor;
    const at = cursor.origin();
    const pieces: Piece[] = [];
    for (let gap = ''; ; gap = cursor.takeGap()) {
      const value = this.#piece();
      if (value === undefined) break;
      pieces.push({ gap, value });
    }
    if (pieces.length === 0) cursor.fail('a value');
    return this.#join(pieces, at);
  }

  #piece(): Syntax | undefined {
    const cursor = this.#cursor;
    const at = cursor.origin();
    if (cursor.here === '{') return this.#object();
    if (cursor.here === '[') return this.#list();
    if (cursor.here === '"') return { kind: 'text', text: readQuoted(cursor), string: true, at };
    if (cursor.startsWith('${')) return this.#reference();
    if (!cursor.atBare) return undefined;
    return { kind: 'text', text: cursor.takeBare(), string: false, at };
  }

  #join(pieces: readonly Piece[], at: Key['at']): Syntax {
    const first = pieces[0]!.value;
    if (pieces.length === 1) return first;
    if (pieces.every(({ value }) => value.kind === 'text')) {
      const text = pieces.map(({ gap, value }) => (value.kind === 'text' ? gap + value.text : ''));
      return { kind: 'text', text: text.join(''), string: true, at };
    }
    const known = pieces.filter(({ value }) => value.kind !== 'reference');
    const odd = known.find(({ value }) => value.kind !== known[0]!.value.kind);
    if (odd !== undefined) {
      const found = { text: 'text', list: "'['", object: "'{'" }[odd.value.kind as 'text'];
      this.#cursor.fail('a comma or a new line before this', odd.value.at, found);
    }
    return { kind: 'joined', pieces, at };
  }

  #reference(): ReferenceSyntax {
    const cursor = this.#cursor;
    const at = cursor.origin();
    cursor.offset += 2;
    const optional = cursor.take('?');
    const start = cursor.offset;
    cursor.takeGap();
    const path = readPath(cursor).map(({ name }) => name);
    const text = cursor.text.slice(start, cursor.offset).trim();
    cursor.takeGap();
    if (!cursor.take('}')) cursor.fail("'}' for this '${'", at);
    const { prefix } = this.#from;
    const paths = prefix.length === 0 ? [path] : [[...prefix, ...path], path];
    return { kind: 'reference', paths, text, optional, at };
  }
}
