import { z } from 'zod';
import { readCount, readDurationUs, readRatePerSec } from './units.js';

/** The kinds of fields that a scenario has, each with what it expects in words. */

export const MAX_UINT32 = 0xffff_ffff;

/**
 * A mapping with these keys and no others. The message of its unknown-key issue is the list of
 * keys it knows, joined by a space: `source.ts` makes the suggestion from it.
 */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined,
  });
}

/** A scalar with a spelling of its own. */
function spelled(expected: string, read: (raw: string | number) => number | undefined) {
  return z.union([z.string(), z.number()], { error: expected }).transform((raw, context) => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: expected, input: raw });
    return z.NEVER;
  });
}

function within(read: (raw: string | number) => number | undefined, low: number, high: number) {
  return (raw: string | number) => {
    const value = read(raw);
    return value !== undefined && value >= low && value <= high ? value : undefined;
  };
}

const MAX_DURATION_US = 365 * 86_400_000_000;

export const duration = spelled(
  'a duration with its unit, such as 30s, 5m or 200ms',
  within(readDurationUs, 0, MAX_DURATION_US),
);

/** MQTT carries these as whole seconds (MQTT 5, 3.1.2.10, 3.1.2.11.2 and 3.1.3.2.2). */
export function seconds(maximum: number) {
  return spelled(`a duration of whole seconds up to ${maximum}s, such as 60s or 5m`, (raw) => {
    const us = readDurationUs(raw);
    const fits = us !== undefined && us % 1_000_000 === 0 && us <= maximum * 1_000_000;
    return fits ? us : undefined;
  });
}

export function count(low: number, high = MAX_UINT32) {
  const from = `a whole number from ${low}`;
  const to = high === MAX_UINT32 ? '' : ` to ${high}`;
  return spelled(
    `${from}${to}, such as ${Math.max(low, 200)} or 10k`,
    within(readCount, low, high),
  );
}

export const rate = spelled(
  'a rate above 0, such as 500 or 50/s',
  within(readRatePerSec, Number.MIN_VALUE, 1e9),
);

export const flag = z.boolean({ error: 'true or false' });
export const name = z.string({ error: 'a name' }).min(1, 'a name that is not empty');
export const text = z.string({ error: 'text' });
export const qos = z.literal([0, 1, 2], { error: '0, 1 or 2' });

export const protocol = z
  .union([z.string(), z.number()], { error: "3, 4 or 5 (or '3.1', '3.1.1', '5.0')" })
  .transform((raw, context): 3 | 4 | 5 => {
    const versions: Record<string, 3 | 4 | 5> = {
      '3': 3,
      '3.1': 3,
      '4': 4,
      '3.1.1': 4,
      '5': 5,
      '5.0': 5,
    };
    const version = versions[String(raw)];
    if (version !== undefined) return version;
    context.issues.push({
      code: 'custom',
      message: "3, 4 or 5 (or '3.1', '3.1.1', '5.0')",
      input: raw,
    });
    return z.NEVER;
  });
