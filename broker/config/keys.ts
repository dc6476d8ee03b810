import { z } from 'zod';
import { nodeConfigSchema } from './schema.js';

/** A key of the config as the schema has it. */
export interface Key {
  /** `*` stands for a name that is free to choose. */
  readonly path: readonly string[];
  /** As it would be written; undefined where there is none. */
  readonly fallback: string | undefined;
  readonly meaning: string;
}

/** Every key, in the order of the schema. */
export const KEYS: readonly Key[] = keysOf(nodeConfigSchema, [], undefined, undefined);

/** Their values are not shown. */
const SECRETS: readonly string[] = ['node.cookie', 'cluster.store.password'];

export function isSecret(path: readonly string[]): boolean {
  return SECRETS.includes(path.join('.'));
}

/** Whether `path` is that of `pattern`, in which `*` is any one name. */
export function fits(path: readonly string[], pattern: readonly string[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((name, index) => name === '*' || name === path[index])
  );
}

export function isKey(path: readonly string[]): boolean {
  return KEYS.some((key) => fits(path, key.path));
}

function keysOf(
  schema: unknown,
  path: readonly string[],
  meaning: string | undefined,
  fallback: string | undefined,
): Key[] {
  const said = meaning ?? (schema as z.ZodType).description;
  if (schema instanceof z.ZodPrefault) {
    return keysOf(schema.def.innerType, path, said, defaultText(schema.def.defaultValue));
  }
  if (schema instanceof z.ZodOptional) return keysOf(schema.def.innerType, path, said, fallback);
  if (schema instanceof z.ZodPipe) return keysOf(schema.def.in, path, said, fallback);
  if (schema instanceof z.ZodRecord) {
    return keysOf(schema.def.valueType, [...path, '*'], said, undefined);
  }
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([name, part]) =>
      keysOf(part, [...path, name], undefined, undefined),
    );
  }
  if (said === undefined) throw new Error(`${path.join('.')} has no meaning: describe it`);
  return [{ path, fallback, meaning: said }];
}

function defaultText(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}
