import { parseReplicaKey, routeKey } from './keys.js';
import type { ReplicaChange } from './replica.js';
import { nodeEntries, type ReplicaContent, shareEntries } from './replica-entries.js';

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

/** A snapshot for other nodes, in pieces of so many entries and routes; the last one is what it returns. */
export function* piecesOf(
  content: ReplicaContent,
  size: number,
): Generator<SnapshotPiece, SnapshotPiece> {
  let piece: SnapshotPiece = { entries: [], routes: [] };
  let left = size;
  const isFull = (): boolean => --left === 0;
  const next = (): SnapshotPiece => {
    const full = piece;
    piece = { entries: [], routes: [] };
    left = size;
    return full;
  };
  for (const entry of nodeEntries(content)) {
    piece.entries.push(entry);
    if (isFull()) yield next();
  }
  for (const [name, { routes }] of content.nodes) {
    let filters: string[] | undefined;
    for (const filter of routes) {
      if (filters === undefined) {
        filters = [];
        piece.routes.push([name, filters]);
      }
      filters.push(filter);
      if (isFull()) {
        filters = undefined;
        yield next();
      }
    }
  }
  for (const entry of shareEntries(content)) {
    piece.entries.push(entry);
    if (isFull()) yield next();
  }
  return piece;
}

/** Keys of what a replica has and the snapshot, which it has taken in, has not. */
export function* keysNotIn(content: ReplicaContent, snapshot: Snapshot): Generator<string> {
  const there = new Set<string>();
  for (const [key] of snapshot.entries) there.add(key);
  for (const [key] of nodeEntries(content)) if (!there.has(key)) yield key;
  for (const [name, { routes }] of content.nodes) {
    const filters = snapshot.routes.get(name);
    if (filters === routes) continue;
    for (const filter of routes) {
      if (filters?.has(filter) !== true) yield routeKey(name, filter);
    }
  }
  for (const [key] of shareEntries(content)) if (!there.has(key)) yield key;
}

/** The text by itself: what V8 cuts out of a longer one keeps that alive, here the key that is not needed any more. */
export function alone(text: string): string {
  return Buffer.from(text).toString();
}
