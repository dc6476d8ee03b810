import type { Group, Subscription } from './schema.js';

/** What a device of the group subscribes to: what the scenario says, and the topics for answers to its requests. */
export function subscriptionsOf({
  subscribe,
  publish,
}: Pick<Group, 'subscribe' | 'publish'>): Subscription[] {
  const all: Subscription[] = [...subscribe];
  for (const { response } of publish) {
    if (response === undefined || all.some(({ filter }) => filter === response.topic)) continue;
    all.push({ filter: response.topic, qos: response.qos });
  }
  return all;
}
