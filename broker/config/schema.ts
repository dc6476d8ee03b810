import type { z } from 'zod';
import { section } from './fields.js';
import { clusterSection } from './sections/cluster.js';
import { listenersSection } from './sections/listeners.js';
import { mqttSection } from './sections/mqtt.js';
import { nodeSection } from './sections/node.js';
import { retainerSection } from './sections/retainer.js';
import { rpcSection } from './sections/rpc.js';
import { sysTopicsSection } from './sections/sys-topics.js';

/**
 * A node's config, once: what a file may say, in EMQX's words; what is taken when it does not; and the types
 * the node works with, in ours (durations in ms, sizes in bytes). Checks that need more than one field stand
 * in `checks.ts`.
 */
export const nodeConfigSchema = section({
  node: nodeSection.prefault({}),
  cluster: clusterSection.prefault({}),
  listeners: listenersSection.prefault({}),
  mqtt: mqttSection.prefault({}),
  rpc: rpcSection.prefault({}),
  sys_topics: sysTopicsSection.prefault({}),
  retainer: retainerSection.prefault({}),
}).transform(({ sys_topics, ...rest }) => ({ ...rest, sysTopics: sys_topics }));

/** Frozen, all the way down. */
export type NodeConfig = Frozen<z.output<typeof nodeConfigSchema>>;

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export function frozen<T>(value: T): Frozen<T> {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value as Frozen<T>;
}
