import {
  type ConnectPacket,
  decode,
  MqttError,
  type PublishPacket,
  ReasonCode,
} from '../../wire/mod.js';
import { type Message, type Subscriber, TOO_DEEP } from '../routing/mod.js';
import { type Channel, type Ingress, type Node, Session } from '../session/mod.js';
import {
  CALL_MEMBER,
  MARKER_PREFIX,
  readCall,
  refusalPacket,
  replyPacket,
  SESSION_METHOD,
} from './calls.js';
import { COOKIE_METHOD, isNonce, isProof, newNonce, proof } from './cookie-auth.js';
import { type Hello, PROTOCOL, parseHello } from './hello.js';
import { LINK_LIMITS, LINK_PACKET_BYTES } from './link-limits.js';

/** What a stranger may send before it has shown the cookie. */
const HANDSHAKE_BYTES = 4096;

/** Different complaints kept, so as not to be said again. */
const MOST_SAID = 100;

/** The other end of a link that another node opened to this one. */
export interface InboundPeer {
  readonly hello: Hello;
  readonly channel: Channel;
}

/** What the ingress needs of the node it stands in. */
export interface PeerHost {
  readonly node: Node;
  readonly cookie: string;
  hello(): Hello;
  /** A session of this node by the number that it told other nodes; what is left of a group if it is gone. */
  deliverToMember(message: Message): void;
  /** Does what another node asks for. A rejection is passed on: CallError with its code, or `FAILED`. */
  onCall(method: string, body: unknown, peer: InboundPeer): Promise<unknown>;
  /** A marker that another node has sent behind its messages. */
  onMarker(node: string, move: string): void;
  /** A link is open, or over. */
  linked(peer: InboundPeer): void;
  unlinked(peer: InboundPeer): void;
  /** One line for whoever runs the node. */
  complain(line: string): void;
}

interface PeerSession {
  guid: string;
  /** The node's own for it, 0 as long as it has said none. */
  number: number;
  session: Session;
  /** Which of its links carries its messages. */
  carrier: Channel | undefined;
}

interface Handshake {
  hello: Hello;
  keepAliveSeconds: number;
  text: string;
  a: Uint8Array;
  b: Uint8Array;
}

/** Links from other nodes: the cookie is checked, messages go to this node's subscribers only, calls are answered. */
export class PeerIngress implements Ingress {
  readonly fromNode = true;
  readonly firstPacketSize = HANDSHAKE_BYTES;
  readonly maximumPacketSize = LINK_PACKET_BYTES;
  readonly #host: PeerHost;
  readonly #said = new Set<string>();
  readonly #handshakes = new WeakMap<Channel, Handshake>();
  readonly #peers = new Map<Channel, InboundPeer>();
  /** By node: what its QoS 2 messages wait for outlives a broken link. */
  readonly #sessions = new Map<string, PeerSession>();

  constructor(host: PeerHost) {
    this.#host = host;
  }

  accept(
    channel: Channel,
    bytes: Uint8Array,
    start: number,
    bodyStart: number,
    end: number,
    nowMs: number,
  ): 'open' | 'more' | 'refused' {
    channel.version = 5;
    try {
      const packet = decode(bytes, start, bodyStart, end, 5);
      if (packet.type === 'connect') return this.#connect(channel, packet);
      if (packet.type === 'auth') {
        return this.#auth(channel, packet.properties?.authenticationData, nowMs);
      }
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
    }
    return 'refused';
  }

  publish(channel: Channel, message: Message): number {
    if (message.member === CALL_MEMBER) {
      const peer = this.#peers.get(channel);
      const topic = message.topicName;
      if (peer !== undefined && topic.startsWith(MARKER_PREFIX)) {
        this.#host.onMarker(peer.hello.name, topic.slice(MARKER_PREFIX.length));
        return 1;
      }
      const call = readCall(message);
      if (call === undefined || peer === undefined) return 1;
      if (call.method === SESSION_METHOD)
        this.#sessionOf(peer, call.body as number, message.receivedAtMs);
      else void this.#call(peer, call);
      return 1;
    }
    if (message.member !== 0) {
      this.#host.deliverToMember(message);
      return 1;
    }
    const count = this.#host.node.router.publishLocal(message, channel);
    // Its publisher's node has let it pass: what is too deep here has no subscriber here.
    return count === TOO_DEEP ? 0 : count;
  }

  left(channel: Channel, session: Session, nowMs: number): void {
    if (session.connection === channel) session.detach(nowMs);
    const peer = this.#peers.get(channel);
    if (peer === undefined) return;
    this.#peers.delete(channel);
    this.#host.unlinked(peer);
  }

  /** The other node that this publisher stands for, if it does. */
  nodeOf(publisher: Subscriber | undefined): string | undefined {
    if (publisher === undefined) return undefined;
    const name = publisher.clientId;
    return this.#sessions.get(name)?.session === publisher ? name : undefined;
  }

  /** Ends the links from this node; it will be back. */
  closeFrom(name: string, nowMs: number): void {
    for (const { hello, channel } of [...this.#peers.values()]) {
      if (hello.name === name) channel.close(ReasonCode.ADMINISTRATIVE_ACTION, nowMs);
    }
  }

  /** Ends all links, in order. */
  close(nowMs: number): void {
    for (const channel of [...this.#peers.keys()]) {
      channel.close(ReasonCode.SERVER_SHUTTING_DOWN, nowMs);
    }
  }

  #connect(channel: Channel, packet: ConnectPacket): 'more' | 'refused' {
    const { authenticationMethod, authenticationData: a, userProperties } = packet.properties ?? {};
    const text = userProperties?.find(([name]) => name === 'hello')?.[1];
    const hello = parseHello(text);
    if (authenticationMethod !== COOKIE_METHOD || !isNonce(a) || hello === undefined) {
      return this.#refuse(channel, ReasonCode.BAD_AUTHENTICATION_METHOD);
    }
    const b = newNonce();
    const { keepAliveSeconds } = packet;
    this.#handshakes.set(channel, { hello, keepAliveSeconds, text: text as string, a, b });
    channel.send({
      type: 'auth',
      reasonCode: ReasonCode.CONTINUE_AUTHENTICATION,
      properties: { authenticationMethod: COOKIE_METHOD, authenticationData: b },
    });
    return 'more';
  }

  #auth(channel: Channel, data: Uint8Array | undefined, nowMs: number): 'open' | 'refused' {
    const handshake = this.#handshakes.get(channel);
    if (handshake === undefined) return 'refused';
    const { hello, keepAliveSeconds, text, a, b } = handshake;
    const { cookie } = this.#host;
    if (!isProof(proof(cookie, 'client', a, b, text), data)) {
      this.#complainOnce(`a node that calls itself '${hello.name}' has another cookie: refused`);
      return this.#refuse(channel, ReasonCode.NOT_AUTHORIZED);
    }
    const own = this.#host.hello();
    const why = whyNot(hello, own);
    if (why !== undefined) {
      this.#complainOnce(`node '${hello.name}' is refused: ${why}`);
      return this.#refuse(channel, ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR, why);
    }
    this.#handshakes.delete(channel);
    const session = this.#session(hello, nowMs);
    const ownText = JSON.stringify(own);
    channel.open(session, keepAliveSeconds * 1500);
    channel.send({
      type: 'connack',
      sessionPresent: session.awaitingRelease !== undefined,
      reasonCode: ReasonCode.SUCCESS,
      properties: {
        authenticationMethod: COOKIE_METHOD,
        authenticationData: proof(cookie, 'server', a, b, text + ownText),
        userProperties: [['hello', ownText]],
      },
    });
    session.attach(channel, nowMs);
    const peer = { hello, channel };
    this.#peers.set(channel, peer);
    this.#host.linked(peer);
    return 'open';
  }

  /** They will try again and again. */
  #complainOnce(line: string): void {
    if (this.#said.has(line)) return;
    if (this.#said.size > MOST_SAID) this.#said.clear();
    this.#said.add(line);
    this.#host.complain(line);
  }

  #session({ name, guid }: Hello, nowMs: number): Session {
    const known = this.#sessions.get(name);
    if (known?.guid === guid) return known.session;
    const session = new Session(name, this.#host.node, nowMs, LINK_LIMITS);
    this.#sessions.set(name, { guid, number: 0, session, carrier: undefined });
    return session;
  }

  /**
   * From now on the node's messages come on this link. An earlier one that is not known to be broken yet ends: what is
   * unread on it was given up or comes again, and its packet identifiers would be taken for those of new messages. What
   * was not released in an earlier session of the node's never will be.
   */
  #sessionOf({ hello: { name }, channel }: InboundPeer, number: number, nowMs: number): void {
    const known = this.#sessions.get(name);
    if (known === undefined || channel.session !== known.session) return;
    if (known.carrier !== channel) known.carrier?.takenOver(nowMs);
    known.carrier = channel;
    if (known.number === number) return;
    known.number = number;
    known.session.awaitingRelease = undefined;
  }

  #refuse(channel: Channel, reasonCode: number, reasonString?: string): 'refused' {
    const properties = reasonString === undefined ? {} : { properties: { reasonString } };
    channel.send({ type: 'connack', sessionPresent: false, reasonCode, ...properties });
    return 'refused';
  }

  async #call(
    peer: InboundPeer,
    { method, body, correlationData }: NonNullable<ReturnType<typeof readCall>>,
  ): Promise<void> {
    let reply: PublishPacket;
    try {
      reply = replyPacket(correlationData, await this.#host.onCall(method, body, peer));
    } catch (error) {
      reply = refusalPacket(correlationData, error);
    }
    if (!peer.channel.isClosed) peer.channel.send(reply);
  }
}

/** Why these two cannot work together. */
export function whyNot(other: Hello, own: Hello): string | undefined {
  if (other.name === own.name && other.guid !== own.guid) {
    return `there is a node '${own.name}' already; node names must differ`;
  }
  if (other.cluster !== own.cluster) {
    return `it belongs to cluster '${other.cluster}', '${own.name}' to '${own.cluster}': give both the same cluster.name`;
  }
  if (other.protocol !== PROTOCOL) {
    return `it speaks version ${other.protocol} of the protocol between nodes, '${own.name}' version ${PROTOCOL}: run the same release on all nodes`;
  }
  return undefined;
}
