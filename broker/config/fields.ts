import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { isHost, readBind } from './bind.js';
import { readBytes, readDurationMs } from './units.js';

/**
 * The kinds of fields that a config has, each with what it expects in words. All read text: whether a number
 * stands in quotes makes no difference, and an environment variable is text anyway.
 */

/** A field that has this value when the config leaves it out. */
export function key<Field extends z.ZodType>(
  field: Field,
  fallback: z.input<Field>,
  meaning: string,
) {
  return field.prefault(fallback as z.core.util.NoUndefined<z.input<Field>>).describe(meaning);
}

export function optionalKey<Field extends z.ZodType>(field: Field, meaning: string) {
  return field.optional().describe(meaning);
}

/** Keys that belong together. The message of an unknown one is the list of those that are known. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'keys in braces { … }',
  });
}

export function read<T>(expected: string, reader: (text: string) => T | undefined) {
  return z.string({ error: expected }).transform((text, context): T => {
    const value = reader(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: expected, input: text });
    return z.NEVER;
  });
}

/** A list in brackets, or text with commas between. */
export function listOf<T>(what: string, one: string, reader: (text: string) => T | undefined) {
  return z
    .union([z.string(), z.array(z.string())], { error: `a list of ${what}` })
    .transform((given, context): readonly T[] => {
      const texts = typeof given === 'string' ? given.split(',').filter((t) => t.trim()) : given;
      return texts.map((text, index) => {
        const value = reader(text.trim());
        if (value !== undefined) return value;
        const path = typeof given === 'string' ? [] : [index];
        context.issues.push({ code: 'custom', message: one, input: text, path });
        return z.NEVER;
      });
    });
}

export function oneOf<const Words extends readonly string[]>(...words: Words) {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

function readFlag(text: string): boolean | undefined {
  if (text === 'true' || text === 'on') return true;
  return text === 'false' || text === 'off' ? false : undefined;
}

export const flag = read('true or false (or on, off)', readFlag);

export function count(low: number, high: number) {
  return read(`a whole number from ${low} to ${high}`, (text) => readCount(text, low, high));
}

function readCount(text: string, low: number, high: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : undefined;
}

/** A count, or `infinity`. */
export function countOrInfinity(low: number) {
  return read(`a whole number from ${low}, or infinity`, (text) =>
    text === 'infinity' ? Number.POSITIVE_INFINITY : readCount(text, low, Number.MAX_SAFE_INTEGER),
  );
}

export const port = count(1, 65_535);
export const ports = listOf('ports', 'a port from 1 to 65535', (text) =>
  readCount(text, 1, 65_535),
);

/** Timers of Node hold no more: 2³¹ − 1 ms. */
const MAX_TIMER_MS = 2_147_483_647;

function readTimer(text: string, lowMs: number): number | undefined {
  const ms = readDurationMs(text);
  return ms !== undefined && ms >= lowMs && ms <= MAX_TIMER_MS ? ms : undefined;
}

/** ms, as long as a timer can wait. */
export const duration = read('a duration such as 15s, 5m or 200ms, up to 24d', (text) =>
  readTimer(text, 1),
);

/** ms; Infinity for `infinity`, `disabled` and `off`. */
export const durationOrNever = read('a duration such as 5m or 24h, or infinity', (text) =>
  /^(infinity|disabled|off|false)$/.test(text) ? Number.POSITIVE_INFINITY : readTimer(text, 1),
);

/** Seconds; MQTT has them in 32 bits (MQTT 5, 3.1.2.11.2). */
export const seconds = read('a duration of whole seconds such as 60s or 2h', (text) => {
  const ms = readDurationMs(text);
  const fits = ms !== undefined && ms % 1000 === 0 && ms / 1000 <= 0xffff_ffff;
  return fits ? ms / 1000 : undefined;
});

/** Autoheal: on, off, or on with the time to wait. */
export const healing = read('on, off, or on after a duration such as 15s', (text) => {
  const on = readFlag(text);
  if (on !== undefined) return { on, afterMs: undefined };
  const afterMs = readTimer(text, 1);
  return afterMs === undefined ? undefined : { on: true, afterMs };
});

export function bytes(low: number, high: number) {
  return read(`a size from ${low} to ${high} bytes, such as 16KB or 1MB`, (text) => {
    const value = readBytes(text);
    return value !== undefined && value >= low && value <= high ? value : undefined;
  });
}

export const word = read('text that is not empty', (text) => (text === '' ? undefined : text));
export const host = read('a host name or an IP address', (text) =>
  isHost(text) ? text : undefined,
);
export const ipv4 = read('an IPv4 address', (text) => (isIPv4(text) ? text : undefined));
/** 224.0.0.0/4 (RFC 5771). */
export const multicast = read('a multicast address from 224.0.0.0 to 239.255.255.255', (text) =>
  isIPv4(text) && /^2(2[4-9]|3\d)\./.test(text) ? text : undefined,
);
export const bind = read(
  'an address to listen on, such as "127.0.0.1:1883", "[::1]:1883" or 1883',
  readBind,
);

/** It goes into `$SYS` topics and store keys, so no separators of those. */
function readNodeName(text: string): string | undefined {
  const [, local, at] = /^([\w-]+)@(.+)$/.exec(text) ?? [];
  return local !== undefined && isHost(at!) ? text : undefined;
}

export const nodeName = read('name@host with an IP address or a host name', readNodeName);
export const nodeNames = listOf(
  'node names such as "emqx1@10.0.0.1"',
  'a node name such as "emqx1@10.0.0.1"',
  readNodeName,
);

function readUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return text.replace(/\/+$/, '');
}

const URL_EXPECTED = 'an address such as "http://10.0.0.1:2379"';
export const url = read(URL_EXPECTED, readUrl);
export const urls = listOf('addresses such as "http://10.0.0.1:2379"', URL_EXPECTED, readUrl);
