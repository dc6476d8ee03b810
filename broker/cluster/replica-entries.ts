import { MARKS, MEMBERS, NODES, routeKey, shareKey } from './keys.js';
import type { Replica } from './replica.js';

export type ReplicaContent = Pick<Replica, 'members' | 'nodes' | 'marks'>;
type ReplicaEntry = [key: string, value: string];

/** All that a replica has, nodes before what they have. May be walked while changes come in: they are seen or not. */
export function* entriesOf(content: ReplicaContent): Generator<ReplicaEntry> {
  yield* nodeEntries(content);
  for (const [name, { routes }] of content.nodes) {
    for (const filter of routes) yield [routeKey(name, filter), ''];
  }
  yield* shareEntries(content);
}

export function* nodeEntries({ members, nodes, marks }: ReplicaContent): Generator<ReplicaEntry> {
  for (const [name, record] of members) yield [`${MEMBERS}${name}`, JSON.stringify(record)];
  for (const [name, { record }] of nodes) {
    if (record !== undefined) yield [`${NODES}${name}`, JSON.stringify(record)];
  }
  for (const [name, mark] of marks) yield [`${MARKS}${name}`, `${mark}`];
}

export function* shareEntries({ nodes }: ReplicaContent): Generator<ReplicaEntry> {
  for (const [name, { shares }] of nodes) {
    for (const [number, { group, filter, clientId }] of shares) {
      yield [shareKey(name, number, group, filter), clientId];
    }
  }
}
