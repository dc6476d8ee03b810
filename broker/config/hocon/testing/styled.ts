import fc from 'fast-check';
import { pathText } from '../path.js';
import type { Plain } from '../print.js';

/** What a config can hold; keys and texts of any characters. */
export const arbitraryConfig: fc.Arbitrary<Record<string, Plain>> = fc
  .letrec<{ value: Plain }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.constantFrom('on', 'null', '1.50', ' x ', 'a"b', 'line\nline', '""', 'a\\'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ) as fc.Arbitrary<Plain>,
  }))
  .value.filter(isConfig);

/** Choices for `styled`, used up one by one and then from the start. */
export const arbitraryChoices = fc.array(fc.nat(59), { minLength: 1, maxLength: 40 });

/**
 * A config as a person might write it: separators, comments, blanks, braces or dotted paths, quotes or none,
 * as `choices` has it.
 */
export function styled(config: Record<string, Plain>, choices: readonly number[]): string {
  let used = 0;
  const pick = <T>(...options: T[]): T =>
    options[choices[used++ % choices.length]! % options.length]!;
  const blank = (): string => pick('', ' ', '\t', '  ');
  const lines = (): string => pick('\n', '\r\n', '\n\n', ' # it = "is" { so\n', '// not [ so\n  ');
  const between = (): string => pick(',', ', ', ` ,${lines()}`, lines());
  const key = (name: string): string => pick(pathText([name]), JSON.stringify(name));

  const text = (value: string): string => {
    if (/^[a-z][a-z0-9_-]*$/.test(value) && !/^(true|false|on|off|null)$/.test(value)) {
      return pick(value, JSON.stringify(value), `"""${value}"""`);
    }
    const tripled = !value.includes('"') && !value.includes('\r');
    return tripled ? pick(JSON.stringify(value), `"""${value}"""`) : JSON.stringify(value);
  };
  const value = (plain: Plain): string => {
    if (typeof plain === 'string') return text(plain);
    if (typeof plain === 'boolean') return plain ? pick('true', 'on') : pick('false', 'off');
    if (plain === null || typeof plain === 'number') return String(JSON.stringify(plain));
    if (isList(plain)) return `[${lines()}${plain.map(value).join(between())}${lines()}]`;
    return `{${lines()}${fields(plain)}${lines()}}`;
  };
  const field = (name: string, plain: Plain): string => {
    const isObject = typeof plain === 'object' && plain !== null && !isList(plain);
    if (!isObject) return `${key(name)}${blank()}${pick('=', ':')}${blank()}${value(plain)}`;
    const entries = Object.entries(plain);
    const [only] = entries;
    if (entries.length === 1 && pick(true, false)) return `${key(name)}.${field(...only!)}`;
    return `${key(name)}${blank()}${pick('', '=', ':')}${blank()}${value(plain)}`;
  };
  const fields = (object: { readonly [name: string]: Plain }): string =>
    Object.entries(object)
      .map(([name, plain]) => field(name, plain))
      .join(between());
  return `${lines()}${pick(fields(config), `{${fields(config)}}`)}${blank()}`;
}

function isConfig(value: Plain): value is Record<string, Plain> {
  return typeof value === 'object' && value !== null && !isList(value);
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}
