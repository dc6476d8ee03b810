import { type MemberRecord, type NodeRecord, parseReplicaKey } from './keys.js';
import { alone, keysNotIn, Snapshot } from './snapshot.js';

/** A key of the replica and its value; undefined: it is gone. */
export type ReplicaChange = readonly [key: string, value: string | undefined];

export interface Share {
  group: string;
  filter: string;
  clientId: string;
}

/** What one node has in the cluster. */
export interface NodeState {
  /** undefined while it is down. */
  record: NodeRecord | undefined;
  routes: Set<string>;
  readonly shares: Map<number, Share>;
}

/** Told what changes. A node's routes and shares are told of only while it is up, and taken back when it goes down. */
export interface ReplicaSink {
  nodeUp(name: string, record: NodeRecord): void;
  /** `next`: its new start, if it is up again already. */
  nodeDown(name: string, next: NodeRecord | undefined): void;
  routeAdded(name: string, filter: string): void;
  routeRemoved(name: string, filter: string): void;
  shareAdded(name: string, number: number, share: Share): void;
  shareRemoved(name: string, number: number, share: Share): void;
  markSeen(): void;
}

/**
 * A node's full copy of what all nodes must know: who is up, who has subscribers of what. Fed by the store on
 * a core, by a core's log on a replicant. Changes may come twice or late: only the last of each key counts.
 */
export class Replica {
  readonly members = new Map<string, MemberRecord>();
  readonly nodes = new Map<string, NodeState>();
  /** The last mark of each node: all that it wrote before is here. */
  readonly marks = new Map<string, number>();
  readonly #sink: ReplicaSink;
  /** Keys that the last snapshot did not have, kept in the belief that they will be announced again. */
  readonly #unconfirmed = new Set<string>();

  constructor(sink: ReplicaSink) {
    this.#sink = sink;
  }

  /** Nodes that are up. */
  *up(): Generator<[string, NodeRecord]> {
    for (const [name, { record }] of this.nodes) if (record !== undefined) yield [name, record];
  }

  get routeCount(): number {
    let count = 0;
    for (const { routes } of this.nodes.values()) count += routes.size;
    return count;
  }

  /** Who has subscribers of what, a group as `$share/<group>/<filter>`, once for each node. */
  *routes(): Generator<{ filter: string; node: string }> {
    for (const [node, { routes, shares, record }] of this.nodes) {
      if (record === undefined) continue;
      for (const filter of routes) yield { filter, node };
      const groups = new Set<string>();
      for (const { group, filter } of shares.values()) groups.add(`$share/${group}/${filter}`);
      for (const filter of groups) yield { filter, node };
    }
  }

  apply([key, value]: ReplicaChange): void {
    this.#unconfirmed.delete(key);
    const parsed = parseReplicaKey(key);
    switch (parsed?.kind) {
      case 'route':
        this.#route(parsed.node, parsed.filter, value !== undefined);
        break;
      case 'share':
        this.#share(parsed.node, parsed.number, parsed.group, parsed.filter, value);
        break;
      case 'node':
        this.#node(
          parsed.node,
          value === undefined ? undefined : (JSON.parse(value) as NodeRecord),
        );
        break;
      case 'mark':
        if (value === undefined) this.marks.delete(parsed.node);
        else {
          this.marks.set(parsed.node, Number(value));
          // It has announced again all that it has.
          this.#drop((node) => node === parsed.node);
        }
        this.#sink.markSeen();
        break;
      case 'member':
        if (value === undefined) this.members.delete(parsed.node);
        else this.members.set(parsed.node, JSON.parse(value) as MemberRecord);
        break;
    }
  }

  /**
   * Takes a whole snapshot in place of what is there: what it does not have is gone, save what nodes have that
   * `keeps` names. That stays until it is announced again, until they have marked that they have announced all, or
   * until `dropUnconfirmed`. The snapshot is the replica's own afterwards.
   */
  reset(
    given: Snapshot | Iterable<ReplicaChange>,
    keeps: (node: string) => boolean = () => false,
  ): void {
    const snapshot = given instanceof Snapshot ? given : Snapshot.of(given);
    const announced = new Set<string>();
    for (const change of snapshot.entries) {
      const parsed = parseReplicaKey(change[0]);
      if (parsed?.kind === 'mark') announced.add(parsed.node);
      this.apply(change);
    }
    for (const [name, filters] of snapshot.routes) this.#addRoutes(name, filters);
    const gone: string[] = [];
    const unconfirmed: string[] = [];
    for (const key of keysNotIn(this, snapshot)) {
      const parsed = parseReplicaKey(key);
      const isNodes =
        parsed?.kind === 'node' || parsed?.kind === 'route' || parsed?.kind === 'share';
      if (isNodes && !announced.has(parsed.node) && keeps(parsed.node)) {
        unconfirmed.push(key);
      } else gone.push(key);
    }
    // Routes before their nodes: the reverse of the order they came in.
    for (const key of gone.reverse()) this.apply([key, undefined]);
    this.#unconfirmed.clear();
    for (const key of unconfirmed) this.#unconfirmed.add(key);
  }

  /** Nobody has announced again what is still unconfirmed: it is gone. */
  dropUnconfirmed(): void {
    this.#drop(() => true);
  }

  #drop(isGone: (node: string) => boolean): void {
    if (this.#unconfirmed.size === 0) return;
    for (const key of [...this.#unconfirmed].reverse()) {
      const parsed = parseReplicaKey(key);
      if (parsed !== undefined && isGone(parsed.node)) this.apply([key, undefined]);
    }
  }

  #addRoutes(name: string, filters: Set<string>): void {
    const state = this.#state(name);
    const isUp = state.record !== undefined;
    const before = state.routes;
    // As it is: a copy would cost as much again while both are there.
    if (before.size === 0) state.routes = filters;
    for (const filter of filters) {
      if (before.has(filter)) continue;
      state.routes.add(filter);
      if (isUp) this.#sink.routeAdded(name, filter);
    }
    if (!isUp) this.#dropEmpty(name, state);
  }

  #state(name: string): NodeState {
    let state = this.nodes.get(name);
    if (state === undefined) {
      state = { record: undefined, routes: new Set(), shares: new Map() };
      this.nodes.set(name, state);
    }
    return state;
  }

  #node(name: string, record: NodeRecord | undefined): void {
    const state = this.#state(name);
    const before = state.record;
    if (before !== undefined && (record === undefined || record.guid !== before.guid)) {
      for (const filter of state.routes) this.#sink.routeRemoved(name, filter);
      for (const [number, share] of state.shares) this.#sink.shareRemoved(name, number, share);
      state.record = undefined;
      this.#sink.nodeDown(name, record);
    }
    if (record === undefined) {
      this.#dropEmpty(name, state);
      return;
    }
    const isNew = state.record === undefined;
    state.record = record;
    if (!isNew) return;
    this.#sink.nodeUp(name, record);
    for (const filter of state.routes) this.#sink.routeAdded(name, filter);
    for (const [number, share] of state.shares) this.#sink.shareAdded(name, number, share);
  }

  #route(name: string, filter: string, isThere: boolean): void {
    const state = this.#state(name);
    if (isThere === state.routes.has(filter)) return;
    const kept = isThere ? alone(filter) : filter;
    if (isThere) state.routes.add(kept);
    else state.routes.delete(filter);
    if (state.record === undefined) this.#dropEmpty(name, state);
    else if (isThere) this.#sink.routeAdded(name, kept);
    else this.#sink.routeRemoved(name, filter);
  }

  #share(
    name: string,
    number: number,
    group: string,
    filter: string,
    clientId: string | undefined,
  ): void {
    const state = this.#state(name);
    const before = state.shares.get(number);
    if (before !== undefined) {
      const isSame = before.group === group && before.filter === filter;
      if (isSame && before.clientId === clientId) return;
      // Goes late, of an earlier start of the node: the number is another member's now.
      if (!isSame && clientId === undefined) return;
      state.shares.delete(number);
      if (state.record !== undefined) this.#sink.shareRemoved(name, number, before);
    }
    if (clientId !== undefined) {
      const share = { group, filter, clientId };
      state.shares.set(number, share);
      if (state.record !== undefined) this.#sink.shareAdded(name, number, share);
    }
    if (state.record === undefined) this.#dropEmpty(name, state);
  }

  #dropEmpty(name: string, { record, routes, shares }: NodeState): void {
    if (record === undefined && routes.size === 0 && shares.size === 0) this.nodes.delete(name);
  }
}
