/** What a replica says of nodes, checked as it is said: nothing is given twice or taken back that was not given. */
import assert from 'node:assert/strict';
import type { NodeRecord } from '../cluster/keys.js';
import type { Replica, ReplicaSink, Share } from '../cluster/replica.js';
import { entriesOf } from '../cluster/replica-entries.js';

interface Seen {
  record: NodeRecord;
  routes: Set<string>;
  shares: Map<number, Share>;
}

export class BalancedSink implements ReplicaSink {
  readonly up = new Map<string, Seen>();
  /** How often a route of a node was taken back, its going down included. */
  routesRemoved = 0;

  nodeUp(name: string, record: NodeRecord): void {
    assert.ok(!this.up.has(name), `${name} is up twice`);
    this.up.set(name, { record, routes: new Set(), shares: new Map() });
  }

  nodeDown(name: string): void {
    const { routes, shares } = this.#of(name);
    assert.deepEqual([routes.size, shares.size], [0, 0], `${name} has nothing left when it goes`);
    this.up.delete(name);
  }

  routeAdded(name: string, filter: string): void {
    const { routes } = this.#of(name);
    assert.ok(!routes.has(filter), `${filter} is added twice`);
    routes.add(filter);
  }

  routeRemoved(name: string, filter: string): void {
    assert.ok(this.#of(name).routes.delete(filter), `${filter} was never added`);
    this.routesRemoved++;
  }

  shareAdded(name: string, number: number, share: Share): void {
    const { shares } = this.#of(name);
    assert.ok(!shares.has(number), `member ${number} is added twice`);
    shares.set(number, share);
  }

  shareRemoved(name: string, number: number, share: Share): void {
    const { shares } = this.#of(name);
    assert.deepEqual(shares.get(number), share);
    shares.delete(number);
  }

  markSeen(): void {}

  /** Whether what was given is what the replica has of nodes that are up. */
  matches(replica: Replica): void {
    const known = [...replica.nodes].flatMap(([name, { record, routes, shares }]) =>
      record === undefined ? [] : [[name, record.guid, [...routes].sort(), shares] as const],
    );
    const seen = [...this.up].map(
      ([name, { record, routes, shares }]) =>
        [name, record.guid, [...routes].sort(), shares] as const,
    );
    const byName = (one: readonly [string, ...unknown[]], other: typeof one): number =>
      one[0] < other[0] ? -1 : 1;
    assert.deepEqual([...seen].sort(byName), [...known].sort(byName));
  }

  #of(name: string): Seen {
    const seen = this.up.get(name);
    assert.ok(seen !== undefined, `${name} is not up`);
    return seen;
  }
}

/** All of a replica, in an order that depends on nothing but its content. */
export function contentOf(replica: Replica): string[] {
  return [...entriesOf(replica)].map(([key, value]) => `${key} = ${value}`).sort();
}
