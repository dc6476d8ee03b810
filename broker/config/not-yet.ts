import { type HoconObject, type HoconValue, placeOf } from './hocon/mod.js';
import { fits, KEYS } from './keys.js';
import { leavesOf } from './tree.js';

/** Keys that are read and checked, but that nothing in this version acts on. */
const NOT_YET: readonly (readonly string[])[] = [
  'node.cookie',
  'node.data_dir',
  'node.role',
  'cluster.*',
  'cluster.*.*',
  'cluster.*.*.*',
  'mqtt.max_clientid_len',
  'mqtt.max_qos_allowed',
  'mqtt.keepalive_multiplier',
  'rpc.*',
  'retainer.*',
].map((key) => key.split('.'));

/** Of these keys, other values than those have no effect. */
const ACTED_ON = new Map<string, readonly string[]>([
  ['mqtt.shared_subscription_strategy', ['round_robin', 'random']],
]);

export function isNotYet(path: readonly string[]): boolean {
  return NOT_YET.some((pattern) => fits(path, pattern));
}

/** A note for each value that was given, differs from the default, and has no effect. */
export function notYetNotes(root: HoconObject): string[] {
  const notes: string[] = [];
  for (const { path, field } of leavesOf(root)) {
    const text = plainText(field.value);
    const on = ACTED_ON.get(path.join('.'));
    const inert = on === undefined ? isNotYet(path) : !on.includes(text);
    const fallback = KEYS.find(({ path: pattern }) => fits(path, pattern))?.fallback;
    if (!inert || field.value.kind === 'null' || text === fallback) continue;
    notes.push(`${placeOf(field.keyAt)}: ${path.join('.')}: nothing in this version acts on it`);
  }
  return notes;
}

/** As the defaults are written. */
function plainText(value: HoconValue): string {
  if (value.kind === 'list') return `[${value.items.map(plainText).join(', ')}]`;
  if (value.kind === 'object') return '';
  if (value.kind === 'boolean') return String(value.value);
  return value.text;
}
