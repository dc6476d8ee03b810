/** HOCON, the part of it that broker configs use (github.com/lightbend/config, HOCON.md), with places kept. */
import type { Files } from './include.js';
import { parseText, parseValueText } from './parse.js';
import { type Environment, resolve } from './resolve.js';
import { type HoconObject, type HoconValue, plainOf } from './value.js';

export { HoconError, onOneLine } from './hocon-error.js';
export type { Files } from './include.js';
export { type Origin, placeOf } from './origin.js';
export { pathOf, pathText } from './path.js';
export { type Plain, printHocon } from './print.js';
export type { Environment } from './resolve.js';
export {
  type HoconField,
  type HoconList,
  type HoconObject,
  type HoconScalar,
  type HoconValue,
  overlay,
  plainOf,
  scalarOf,
  wrapped,
} from './value.js';

/** For texts that include nothing. */
export const NO_FILES: Files = { read: () => undefined, absent: () => {} };

/** HOCON text → values with their places. Throws HoconError. */
export function parseHocon(
  text: string,
  source: string,
  { files = NO_FILES, environment = {} }: { files?: Files; environment?: Environment } = {},
): HoconObject {
  return resolve(parseText(text, source, files), environment);
}

/** One value that stands alone, such as `[1, 2]`. Throws HoconError, with `source` as its place. */
export function parseHoconValue(text: string, source: string): HoconValue {
  const value = parseValueText(text, source, NO_FILES);
  const key = { name: 'value', at: value.at };
  const whole = { kind: 'object', assignments: [{ path: [key], value }], at: value.at } as const;
  return resolve(whole, {}).fields.get('value')!.value;
}

/** HOCON text → what JSON.parse gives for the same values. Throws HoconError. */
export function hoconToPlain(text: string, source: string): unknown {
  return plainOf(parseHocon(text, source));
}
