import { parseReplicaKey } from './keys.js';
import type { ReplicaChange } from './replica.js';

/** Some of a snapshot, as JSON between nodes. */
export interface SnapshotPiece {
  /** Keys and values of all that is no route. */
  entries: (readonly [key: string, value: string])[];
  /** Filters by their node; a node may come again in the next piece. */
  routes: (readonly [node: string, filters: string[]])[];
}

/**
 * A whole copy of what all nodes must know, as it is taken in place of another. Routes lie by their nodes, apart from
 * the rest: there may be a million of them, and each costs no more than its filter and a place in a set.
 */
export class Snapshot {
  readonly entries: ReplicaChange[] = [];
  readonly routes = new Map<string, Set<string>>();

  static of(entries: Iterable<ReplicaChange>): Snapshot {
    const snapshot = new Snapshot();
    for (const entry of entries) {
      const parsed = parseReplicaKey(entry[0]);
      if (parsed?.kind === 'route') snapshot.#routesOf(parsed.node).add(alone(parsed.filter));
      else snapshot.entries.push(entry);
    }
    return snapshot;
  }

  add({ entries, routes }: SnapshotPiece): void {
    for (const entry of entries) this.entries.push(entry);
    for (const [node, filters] of routes) {
      const known = this.#routesOf(node);
      for (const filter of filters) known.add(filter);
    }
  }

  #routesOf(node: string): Set<string> {
    let routes = this.routes.get(node);
    if (routes === undefined) {
      routes = new Set();
      this.routes.set(node, routes);
    }
    return routes;
  }
}

/** The text by itself: what V8 cuts out of a longer one keeps that alive, here the key that is not needed any more. */
export function alone(text: string): string {
  return Buffer.from(text).toString();
}
