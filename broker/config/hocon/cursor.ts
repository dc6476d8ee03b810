import { HoconError } from './hocon-error.js';
import type { Origin } from './origin.js';

/** Characters that end text without quotes, besides blanks and `//`. */
const RESERVED = new Set('$"{}[]:=,+#`^?!@*&\\');
const NEWLINE = '\n';
/** The numbers of JSON that have a '+' in them. */
const POWER = /-?\d+(?:\.\d+)?[eE]\+\d+/y;

/** A place in a text, and how to go on from there. */
export class Cursor {
  readonly source: string;
  readonly text: string;
  offset = 0;
  readonly #lineStarts: number[] = [0];

  constructor(text: string, source: string) {
    this.text = text;
    this.source = source;
    if (text.startsWith('\uFEFF')) this.offset = 1;
    for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** The character here; empty at the end. */
  get here(): string {
    return this.text.charAt(this.offset);
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  startsWith(word: string): boolean {
    return this.text.startsWith(word, this.offset);
  }

  /** Steps over `word` if it is here. */
  take(word: string): boolean {
    if (!this.startsWith(word)) return false;
    this.offset += word.length;
    return true;
  }

  origin(offset = this.offset): Origin {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const column = offset - this.#lineStarts[low]! + 1;
    return { source: this.source, line: low + 1, column };
  }

  /** Steps over blanks on this line and gives them back. */
  takeGap(): string {
    const start = this.offset;
    while (!this.atEnd && this.here !== NEWLINE && isBlank(this.here)) this.offset++;
    return this.text.slice(start, this.offset);
  }

  get atComment(): boolean {
    return this.here === '#' || this.startsWith('//');
  }

  /** Steps over blanks, line ends and comments; true if a line ended. */
  skipLines(): boolean {
    let ended = false;
    for (;;) {
      this.takeGap();
      if (this.atComment) {
        const end = this.text.indexOf(NEWLINE, this.offset);
        this.offset = end < 0 ? this.text.length : end;
      }
      if (this.here !== NEWLINE) return ended;
      this.offset++;
      ended = true;
    }
  }

  /** Text without quotes may go on with the character here. */
  get atBare(): boolean {
    const { here } = this;
    return here !== '' && !RESERVED.has(here) && !isBlank(here) && !this.startsWith('//');
  }

  takeBare(): string {
    const start = this.offset;
    POWER.lastIndex = start;
    this.offset += POWER.exec(this.text)?.[0].length ?? 0;
    while (this.atBare) this.offset++;
    return this.text.slice(start, this.offset);
  }

  fail(expected: string, at = this.origin(), found = this.found()): never {
    throw new HoconError(at, expected, found);
  }

  /** What is here, for a message. */
  found(): string {
    if (this.atEnd) return 'the end of the text';
    if (this.here === NEWLINE) return 'the end of the line';
    const word = /^[^\s,{}[\]=:]{2,20}/.exec(this.text.slice(this.offset, this.offset + 20));
    return `'${word?.[0] ?? this.here}'`;
  }
}

function isBlank(character: string): boolean {
  return /[\s\uFEFF]/.test(character);
}
