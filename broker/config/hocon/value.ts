import type { Origin } from './origin.js';

/** A value with everything resolved, and where each part of it was written. */
export type HoconValue = HoconScalar | HoconList | HoconObject;

export interface HoconScalar {
  readonly kind: 'string' | 'number' | 'boolean' | 'null';
  readonly value: string | number | boolean | null;
  /** As it was spelled, without quotes: `1.50`, `on`. */
  readonly text: string;
  readonly at: Origin;
}

export interface HoconList {
  readonly kind: 'list';
  readonly items: readonly HoconValue[];
  readonly at: Origin;
}

export interface HoconObject {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, HoconField>;
  readonly at: Origin;
}

export interface HoconField {
  /** Where its key was written last. */
  readonly keyAt: Origin;
  readonly value: HoconValue;
}

/** Numbers are written as in JSON. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BOOLEANS = new Map([
  ['true', true],
  ['on', true],
  ['false', false],
  ['off', false],
]);

/** What text means that stands without quotes. */
export function scalarOf(text: string, at: Origin): HoconScalar {
  if (text === 'null') return { kind: 'null', value: null, text, at };
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return { kind: 'boolean', value: boolean, text, at };
  if (NUMBER.test(text)) return { kind: 'number', value: Number(text), text, at };
  return stringOf(text, at);
}

export function stringOf(text: string, at: Origin): HoconScalar {
  return { kind: 'string', value: text, text, at };
}

/** The values without their places, as JSON.parse would give them. */
export function plainOf(value: HoconValue): unknown {
  if (value.kind === 'list') return value.items.map(plainOf);
  if (value.kind !== 'object') return value.value;
  const entries = [...value.fields].map(([key, field]) => [key, plainOf(field.value)] as const);
  return Object.fromEntries(entries);
}

/** `newer` on top of `older`: objects are merged, everything else is replaced. */
export function overlay(older: HoconObject, newer: HoconObject): HoconObject {
  const fields = new Map(older.fields);
  for (const [key, field] of newer.fields) {
    const below = fields.get(key)?.value;
    const merges = below?.kind === 'object' && field.value.kind === 'object';
    fields.set(key, merges ? { ...field, value: overlay(below, field.value) } : field);
  }
  return { kind: 'object', fields, at: newer.at };
}

/** `value` as the only thing in an object, at `path`. */
export function wrapped(path: readonly string[], value: HoconValue): HoconObject {
  const [key = '', ...rest] = path;
  const inner = rest.length === 0 ? value : wrapped(rest, value);
  const { at } = value;
  return { kind: 'object', fields: new Map([[key, { keyAt: at, value: inner }]]), at };
}
