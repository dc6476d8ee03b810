/** A node that takes links, in memory, and whoever opens one to it: another node or a stranger. */

import type { AuthPacket, Packet } from '../../wire/mod.js';
import { COOKIE_METHOD, newNonce, proof } from '../cluster/cookie-auth.js';
import { type Hello, PROTOCOL } from '../cluster/hello.js';
import { type InboundPeer, PeerIngress } from '../cluster/peer-ingress.js';
import type { Message } from '../routing/mod.js';
import { type SimulatedClient, SimulatedNode } from './simulation.js';

export function helloOf(name: string, more: Partial<Hello> = {}): Hello {
  return {
    name,
    guid: `guid of ${name}`,
    role: 'core',
    cluster: 'test',
    protocol: PROTOCOL,
    ...more,
  };
}

export class SimulatedHost {
  readonly simulated = new SimulatedNode();
  readonly ingress: PeerIngress;
  readonly own = helloOf('own@h');
  /** What came for a member of a group: its number and the payload. */
  readonly members: [number, string][] = [];
  readonly calls: [method: string, body: unknown, from: string][] = [];
  readonly linked: InboundPeer[] = [];
  readonly unlinked: InboundPeer[] = [];
  readonly complaints: string[] = [];
  /** Told of each of them. */
  onMember: (message: Message) => void = () => {};
  /** What calls are answered with. */
  answer: () => Promise<unknown> = async () => 'answer';

  constructor(cookie = 'secret') {
    this.ingress = new PeerIngress({
      node: this.simulated.node,
      cookie,
      hello: () => this.own,
      deliverToMember: (message) => {
        this.onMember(message);
        const { member, payload, payloadStart, payloadEnd } = message;
        this.members.push([
          member,
          Buffer.from(payload.subarray(payloadStart, payloadEnd)).toString(),
        ]);
      },
      onCall: (method, body, { hello }) => {
        this.calls.push([method, body, hello.name]);
        return this.answer();
      },
      onMarker: () => {},
      linked: (peer) => this.linked.push(peer),
      unlinked: (peer) => this.unlinked.push(peer),
      complain: (line) => this.complaints.push(line),
    });
  }

  stranger(): SimulatedClient {
    return this.simulated.client(5, this.ingress);
  }

  /** A link of this node whose handshake is done. */
  peer(hello: Hello): SimulatedClient {
    const client = this.stranger();
    const answer = shakeHands(client, hello);
    if (answer?.type !== 'connack' || answer.reasonCode !== 0) {
      throw new Error(`not let in: ${JSON.stringify(answer)}`);
    }
    return client;
  }
}

export function connectOf(hello: unknown, nonce: Uint8Array = newNonce()): Packet {
  return {
    type: 'connect',
    protocolVersion: 5,
    cleanStart: false,
    keepAliveSeconds: 4,
    clientId: 'x',
    properties: {
      authenticationMethod: COOKIE_METHOD,
      authenticationData: nonce,
      userProperties: [['hello', JSON.stringify(hello)]],
    },
  };
}

export function authOf(data: Uint8Array): AuthPacket {
  return {
    type: 'auth',
    reasonCode: 0x18,
    properties: { authenticationMethod: COOKIE_METHOD, authenticationData: data },
  };
}

/** Goes through the handshake; returns the last answer. `proven`: the hello that the proof is made of. */
export function shakeHands(
  client: SimulatedClient,
  hello: Hello,
  { cookie = 'secret', proven = hello, side = 'client' as 'client' | 'server' } = {},
): Packet | undefined {
  const a = newNonce();
  client.send(connectOf(hello, a));
  const challenge = client.received.shift();
  if (challenge?.type !== 'auth') return challenge;
  const b = challenge.properties!.authenticationData!;
  client.send(authOf(proof(cookie, side, a, b, JSON.stringify(proven))));
  return client.received.shift();
}
