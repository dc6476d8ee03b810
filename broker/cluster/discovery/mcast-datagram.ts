import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What nodes say to each other by multicast:
 *
 *     'FGD1' | type (1 byte) | nonce (8) | group (4) | length, cluster | length, node | HMAC-SHA256 (32)
 *
 * The group is there because Linux hands a socket the datagrams of every group that any socket of the machine is
 * in. Lengths are one byte, names UTF-8. The HMAC covers all before it; its key is derived from the cookie, which
 * itself is never sent. A pong carries the nonce of the ping that it answers, so an old one cannot be played again.
 */
export interface McastMessage {
  type: 'ping' | 'pong';
  nonce: Buffer;
  /** IPv4 multicast address. */
  group: string;
  cluster: string;
  node: string;
}

export const NONCE_BYTES = 8;

const MAGIC = Buffer.from('FGD1');
const TYPES = ['ping', 'pong'] as const;
const MAC_BYTES = 32;
const NONCE_AT = MAGIC.length + 1;
const GROUP_AT = NONCE_AT + NONCE_BYTES;
const NAMES_AT = GROUP_AT + 4;
const LONGEST_NAME_BYTES = 255;

/** Another use of the same cookie must not be able to make our HMACs. */
export function mcastKey(cookie: string): Buffer {
  return createHmac('sha256', cookie).update('fleetgauge multicast discovery 1').digest();
}

export function encodeMcast(message: McastMessage, key: Buffer): Buffer {
  const type = Buffer.of(TYPES.indexOf(message.type));
  const names = [message.cluster, message.node].flatMap((name) => {
    const bytes = Buffer.from(name).subarray(0, LONGEST_NAME_BYTES);
    return [Buffer.of(bytes.length), bytes];
  });
  const group = Buffer.from(message.group.split('.').map(Number));
  const body = Buffer.concat([MAGIC, type, message.nonce, group, ...names]);
  return Buffer.concat([body, macOf(body, key)]);
}

/**
 * What a datagram says; undefined when it is none of ours. Anybody can send one: only if `proven` does the
 * sender have the cookie.
 */
export function decodeMcast(
  bytes: Buffer,
  key: Buffer,
): { message: McastMessage; proven: boolean } | undefined {
  const bodyEnd = bytes.length - MAC_BYTES;
  if (bodyEnd < NAMES_AT + 2 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const type = TYPES[bytes[MAGIC.length]!];
  const clusterEnd = NAMES_AT + 1 + bytes[NAMES_AT]!;
  if (type === undefined || clusterEnd >= bodyEnd) return undefined;
  if (clusterEnd + 1 + bytes[clusterEnd]! !== bodyEnd) return undefined;
  const body = bytes.subarray(0, bodyEnd);
  return {
    message: {
      type,
      nonce: Buffer.from(bytes.subarray(NONCE_AT, GROUP_AT)),
      group: bytes.subarray(GROUP_AT, NAMES_AT).join('.'),
      cluster: bytes.toString('utf8', NAMES_AT + 1, clusterEnd),
      node: bytes.toString('utf8', clusterEnd + 1, bodyEnd),
    },
    proven: timingSafeEqual(bytes.subarray(bodyEnd), macOf(body, key)),
  };
}

function macOf(body: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest();
}
