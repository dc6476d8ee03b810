import { type ConnackPacket, type Packet, ReasonCode } from '../../wire/mod.js';
import { COOKIE_METHOD, isNonce, isProof, newNonce, proof } from './cookie-auth.js';
import { type Hello, parseHello } from './hello.js';

/**
 * How the node that opens a link shows that it knows the cookie, and sees that the other one does: MQTT 5 enhanced
 * authentication (§4.12). What does not come to an open link is a line that says why.
 */
export class LinkHandshake {
  readonly #name: string;
  readonly #text: string;
  readonly #cookie: string;
  readonly #keepAliveSeconds: number;
  readonly #nonce = newNonce();
  #serverNonce: Uint8Array | undefined;

  constructor(own: Hello, cookie: string, keepAliveSeconds: number) {
    this.#name = own.name;
    this.#text = JSON.stringify(own);
    this.#cookie = cookie;
    this.#keepAliveSeconds = keepAliveSeconds;
  }

  /** The other node has asked for the cookie: it speaks this protocol. */
  get isChallenged(): boolean {
    return this.#serverNonce !== undefined;
  }

  hello(): Packet {
    return {
      type: 'connect',
      protocolVersion: 5,
      cleanStart: false,
      keepAliveSeconds: this.#keepAliveSeconds,
      clientId: this.#name,
      properties: {
        authenticationMethod: COOKIE_METHOD,
        authenticationData: this.#nonce,
        userProperties: [['hello', this.#text]],
      },
    };
  }

  /** The answer to the other node's AUTH. */
  challenged(b: Uint8Array | undefined): Packet | string {
    if (!isNonce(b)) return 'it does not ask for the cookie';
    this.#serverNonce = b;
    return {
      type: 'auth',
      reasonCode: ReasonCode.CONTINUE_AUTHENTICATION,
      properties: {
        authenticationMethod: COOKIE_METHOD,
        authenticationData: proof(this.#cookie, 'client', this.#nonce, b, this.#text),
      },
    };
  }

  /** Who the other node is. */
  connack({ reasonCode, properties }: ConnackPacket): Hello | string {
    if (reasonCode === ReasonCode.NOT_AUTHORIZED) return 'it has another cookie';
    if (reasonCode !== 0) {
      return properties?.reasonString ?? `it refuses the link (0x${reasonCode.toString(16)})`;
    }
    const b = this.#serverNonce;
    const text = properties?.userProperties?.find(([name]) => name === 'hello')?.[1];
    const hello = parseHello(text);
    if (b === undefined || text === undefined || hello === undefined) {
      return 'it has not shown the cookie';
    }
    const expected = proof(this.#cookie, 'server', this.#nonce, b, this.#text + text);
    if (!isProof(expected, properties?.authenticationData)) return 'it does not know the cookie';
    return hello;
  }
}
