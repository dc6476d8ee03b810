import { type HoconObject, type HoconValue, placeOf } from './hocon/mod.js';
import { fits, KEYS } from './keys.js';
import { leavesOf } from './tree.js';

/** Keys that are read and checked, but that nothing in this version acts on. */
const NOT_YET: readonly (readonly string[])[] = [
  'cluster.etcd.node_ttl',
  'cluster.mcast.buffer',
  'mqtt.max_clientid_len',
  'mqtt.max_qos_allowed',
  'mqtt.keepalive_multiplier',
  'rpc.mode',
  'rpc.connect_timeout',
  'rpc.send_timeout',
  'rpc.authentication_timeout',
  'rpc.call_receive_timeout',
  'retainer.*',
].map((key) => key.split('.'));

export function isNotYet(path: readonly string[]): boolean {
  return NOT_YET.some((pattern) => fits(path, pattern));
}

/** A note for each value that was given, differs from the default, and has no effect. */
export function notYetNotes(root: HoconObject): string[] {
  const notes: string[] = [];
  for (const { path, field } of leavesOf(root)) {
    const text = plainText(field.value);
    const fallback = KEYS.find(({ path: pattern }) => fits(path, pattern))?.fallback;
    if (!isNotYet(path) || field.value.kind === 'null' || text === fallback) continue;
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
