import { pathText } from './path.js';

/** What JSON can say. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** A config as HOCON text, one key on a line, which reads back to the same values. */
export function printHocon(config: { readonly [key: string]: Plain }, indent = ''): string {
  return Object.entries(config)
    .map(([key, value]) => {
      const inner = isObject(value)
        ? ` {\n${printHocon(value, `${indent}  `)}${indent}}`
        : ` = ${inline(value)}`;
      return `${indent}${pathText([key])}${inner}\n`;
    })
    .join('');
}

function inline(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, part]) => `${pathText([key])} = ${inline(part)}`);
  return `{ ${fields.join(', ')} }`;
}

function isObject(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
