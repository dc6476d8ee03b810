import { type Origin, placeOf } from './origin.js';

/** Text that is not HOCON, or that refers to what is not there: `file:line:column: expected …, found …`. */
export class HoconError extends Error {
  override readonly name = 'HoconError';
  readonly code = 'HOCON_INVALID';
  readonly at: Origin;
  readonly expected: string;
  readonly found: string;

  constructor(at: Origin, expected: string, found: string) {
    super(onOneLine(`${placeOf(at)}: expected ${expected}, found ${found}`));
    this.at = at;
    this.expected = expected;
    this.found = found;
  }
}

/** With control characters as JSON spells them. */
export function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
