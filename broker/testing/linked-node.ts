/** A node with links over TCP and nothing else of a cluster: no store, no replica. */
import { ReasonCode } from '../../wire/mod.js';
import type { CallError } from '../cluster/calls.js';
import type { Hello } from '../cluster/hello.js';
import { Links } from '../cluster/links.js';
import { PeerIngress } from '../cluster/peer-ingress.js';
import type { PeerLink } from '../cluster/peer-link.js';
import { RemoteNode } from '../cluster/remote-node.js';
import { TcpListener } from '../listener/mod.js';
import {
  createCounters,
  Message,
  type Receipt,
  Router,
  type Subscriber,
  Subscription,
} from '../routing/mod.js';
import { DEFAULT_LIMITS, Node, Turn } from '../session/mod.js';
import { helloOf } from './simulated-peer.js';
import { freePort } from './test-cluster.js';

export const HOST = '127.0.0.1';

export interface LinkEnd {
  how: 'refused' | 'rejected' | 'lost';
  why: string;
}

export class LinkedNode {
  readonly hello: Hello;
  readonly node: Node;
  readonly router: Router;
  readonly ingress: PeerIngress;
  readonly links: Links;
  /** Payloads of what came for this node, in the order of coming. */
  readonly got: string[] = [];
  readonly opened: string[] = [];
  /** Links from other nodes that are over. */
  unlinked = 0;
  readonly ends: LinkEnd[] = [];
  readonly logged: unknown[] = [];
  readonly said: string[] = [];
  /** What calls are answered with. */
  answer: (method: string, body: unknown) => Promise<unknown> = async (_, body) => body;
  /** Told of the next end of a link. */
  onEnd: () => void = () => {};
  /** This clock is so much ahead of the machine's. */
  aheadMs = 0;
  readonly #remotes = new Map<string, RemoteNode>();
  #listener: TcpListener | undefined;

  constructor(name: string, cookie = 'secret') {
    this.hello = helloOf(name);
    const counters = createCounters();
    this.router = new Router(counters, {
      sharedStrategy: 'round_robin',
      random: Math.random,
      maxTopicLevels: 128,
      maxRoutes: 1024,
    });
    const turn = new Turn(setImmediate);
    this.node = new Node(DEFAULT_LIMITS, counters, this.router, turn, () => 'auto', this.now());
    turn.beforeFlush = () => this.node.backpressure.release(this.now());
    this.ingress = new PeerIngress({
      node: this.node,
      cookie,
      hello: () => this.hello,
      deliverToMember: () => {},
      onCall: (method, body) => this.answer(method, body),
      onMarker: () => {},
      linked: () => {},
      unlinked: () => {
        this.unlinked++;
      },
      complain: (line) => this.said.push(line),
    });
    this.links = new Links({
      node: this.node,
      cookie,
      now: () => this.now(),
      hello: () => this.hello,
      opened: (other, link) => this.#opened(other, link),
      closed: (_, how, why) => {
        this.ends.push({ how, why });
        this.onEnd();
      },
      over: () => undefined,
      logged: (_, body) => this.logged.push(body),
    });
  }

  now(): number {
    return performance.now() + this.aheadMs;
  }

  /** Takes links; resolves to the port. */
  async listen(port?: number): Promise<number> {
    const address = {
      name: 'link',
      host: HOST,
      port: port ?? (await freePort()),
      maxConnections: Number.POSITIVE_INFINITY,
    };
    const complain = (line: string): void => {
      this.said.push(line);
    };
    const around = { now: () => this.now(), complain, ingress: this.ingress };
    [this.#listener] = await TcpListener.openAll(this.node, [address], around);
    return address.port;
  }

  /** Keeps in `got` what matches. */
  wants(filter: string): void {
    const { got } = this;
    const recorder: Subscriber = {
      clientId: 'recorder',
      reach: 'node',
      online: true,
      congested: false,
      deliver: ({ payload, payloadStart, payloadEnd }) => {
        got.push(Buffer.from(payload.subarray(payloadStart, payloadEnd)).toString());
      },
      isFull: () => false,
      awaitRelief: () => {},
    };
    const options = { qos: 2, noLocal: false, retainAsPublished: false, identifier: 0 } as const;
    this.router.subscribe(new Subscription(recorder, filter, options));
  }

  /** From now on messages for this filter go to the other node, too. */
  forward(filter: string, name: string): RemoteNode {
    const remote = new RemoteNode(name, this.node, 'acked', this.now());
    this.#remotes.set(name, remote);
    this.router.addRemote(remote.subscription, filter);
    const link = this.links.get(name);
    link?.carry(remote);
    return remote;
  }

  publish(topic: string, payload: string, qos: 0 | 1 | 2): Receipt | undefined {
    const message = Message.of(topic, Buffer.from(payload), qos, false, this.now());
    this.router.publish(message, undefined);
    return message.receipt;
  }

  /** Resolves with the next end of a link. */
  nextEnd(): Promise<LinkEnd> {
    return new Promise((resolve) => {
      this.onEnd = () => resolve(this.ends.at(-1)!);
    });
  }

  async close(): Promise<void> {
    this.links.close();
    await this.#listener?.close(ReasonCode.SERVER_SHUTTING_DOWN, 0);
  }

  #opened(name: string, link: PeerLink): void {
    this.opened.push(name);
    const remote = this.#remotes.get(name);
    if (remote !== undefined) link.carry(remote);
  }
}

/** What a rejected call says. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return (error as CallError).code;
  }
}
