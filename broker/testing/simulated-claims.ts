/** Nodes that claim client identifiers, without sockets: calls and writes arrive in the order the test likes. */

import type { ConnectPacket } from '../../wire/mod.js';
import { Announcements } from '../cluster/announcements.js';
import { CallError } from '../cluster/calls.js';
import { ClientClaims } from '../cluster/client-claims.js';
import { NodeWriter } from '../cluster/node-writer.js';
import type { WireOutcome, WireWrite } from '../cluster/wire-write.js';
import { type SimulatedClient, SimulatedNode } from './simulation.js';

/** The store and the links between nodes. */
export class ClaimsWorld {
  readonly store = new Map<string, string>();
  readonly nodes = new Map<string, ClaimingNode>();
  /** What is under way: writes to the store, calls and answers. Its link may break first: then it does not arrive. */
  readonly underWay: ((isLost?: boolean) => void)[] = [];
  /** Keys that went over to the lease their node has now. */
  readonly renewed: string[] = [];
  /** What nodes will do in a while. */
  readonly later: { node: ClaimingNode; then: () => void }[] = [];
  wallMs = 1_000_000;

  node(name: string): ClaimingNode {
    const node = new ClaimingNode(name, this);
    this.nodes.set(name, node);
    return node;
  }

  write([kind, key, value]: WireWrite): WireOutcome {
    const before = this.store.get(key) ?? null;
    if (kind === 'renew') {
      if (before !== value) return before;
      this.renewed.push(key);
      return null;
    }
    if (kind === 'delete') {
      if (value === undefined || value === before) this.store.delete(key);
    } else if (kind !== 'add' || before === null) this.store.set(key, value);
    return kind === 'add' && before === null ? null : before;
  }

  /** Something that is under way arrives; the oldest if nothing is said. */
  async step(which = 0): Promise<void> {
    const [arrive] = this.underWay.splice(which % Math.max(1, this.underWay.length), 1);
    arrive?.();
    await this.told();
  }

  /** Something that is under way is lost, and whoever sent it hears that. */
  async lose(which: number): Promise<void> {
    const [arrive] = this.underWay.splice(which % Math.max(1, this.underWay.length), 1);
    arrive?.(true);
    await this.told();
  }

  /** There is contact between all nodes (again). */
  linked(): void {
    for (const { claims, name } of this.nodes.values()) {
      for (const other of this.nodes.keys()) if (other !== name) claims.linked(other);
    }
  }

  async settle(): Promise<void> {
    await this.told();
    for (let step = 0; ; step++) {
      if (step > 10_000) throw new Error('does not come to an end');
      if (this.underWay.length > 0) await this.step();
      else if (!(await this.#pass())) break;
    }
  }

  /** Time passes; what fails for certain is not tried. False if nothing waits for it. */
  async #pass(): Promise<boolean> {
    const at = this.later.findIndex(({ node }) => !node.cutOff && !node.answersLost);
    const [next] = at < 0 ? [] : this.later.splice(at, 1);
    if (next !== undefined) next.node.simulated.nowMs += 10_000;
    next?.then();
    await this.told();
    return next !== undefined;
  }

  async told(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    for (const { simulated } of this.nodes.values()) simulated.settle();
    await Promise.resolve();
  }

  /** Nodes with a session of this client. */
  owners(clientId: string): string[] {
    return [...this.nodes.values()]
      .filter(({ simulated }) => simulated.node.sessions.get(clientId) !== undefined)
      .map(({ name }) => name);
  }
}

export class ClaimingNode {
  readonly name: string;
  readonly simulated = new SimulatedNode();
  readonly claims: ClientClaims;
  /** It reaches no store and no other node, and they do not reach it. */
  cutOff = false;
  /** What it asks for is done, but it does not hear so. */
  answersLost = false;
  readonly #world: ClaimsWorld;

  constructor(name: string, world: ClaimsWorld) {
    this.name = name;
    this.#world = world;
    const { simulated } = this;
    const writer = new NodeWriter((writes) =>
      this.#send(async () => writes.map((write) => world.write(write))),
    );
    const after = (_: number, then: () => void): (() => void) => {
      const waiting = { node: this, then };
      world.later.push(waiting);
      return () => {
        const at = world.later.indexOf(waiting);
        if (at >= 0) world.later.splice(at, 1);
      };
    };
    const announcements = new Announcements({
      send: (writes) => this.#send(async () => writes.map((write) => world.write(write))),
      after,
      failed: () => {},
      complete: () => {},
    });
    this.claims = new ClientClaims({
      name,
      sessions: simulated.node.sessions,
      now: () => simulated.nowMs,
      wallMs: () => world.wallMs,
      write: (write) => writer.write(write),
      release: (clientId, claim) => announcements.say(['delete', `c/${clientId}`, claim], claim),
      beginMove: () => undefined,
      takeMoved: async () => {},
      others: () => [...world.nodes.keys()].filter((other) => other !== name),
      after,
      call: (to, method, body) =>
        this.#send(async () => {
          const there = world.nodes.get(to);
          if (there === undefined || there.cutOff) throw lost();
          const { clientId, claim } = body as { clientId: string; claim: string };
          const state =
            method === 'takeover'
              ? await there.claims.handOver(clientId, claim)
              : await there.claims.reclaim(clientId);
          return JSON.parse(JSON.stringify(state)) as unknown;
        }),
    });
    simulated.node.registry = this.claims;
  }

  connect(clientId: string, options: Partial<ConnectPacket> = {}): SimulatedClient {
    const client = this.simulated.client();
    client.send({
      type: 'connect',
      protocolVersion: 5,
      cleanStart: false,
      keepAliveSeconds: 0,
      clientId,
      properties: { sessionExpiryInterval: 3600 },
      ...options,
    });
    return client;
  }

  /** There and back again are two things under way. */
  #send<T>(serve: () => Promise<T>): Promise<T> {
    if (this.cutOff) return Promise.reject(lost());
    const { underWay } = this.#world;
    return new Promise((resolve, reject) => {
      underWay.push((isLost = false) => {
        if (this.cutOff || isLost) {
          reject(lost());
          return;
        }
        const answer = (tell: () => void): number =>
          underWay.push((isAnswerLost = false) => {
            if (this.answersLost || isAnswerLost) reject(lost());
            else tell();
          });
        Promise.resolve()
          .then(serve)
          .then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
      });
    });
  }
}

function lost(): CallError {
  return new CallError('LINK_LOST', 'cut off');
}
