import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * How two nodes show each other that they know the same cookie without saying it: MQTT 5 enhanced
 * authentication (§4.12). Whoever asks proves itself first, so that a stranger gets nothing to guess by.
 *
 *     CONNECT  → nonce a, hello
 *     AUTH     ← nonce b
 *     AUTH     → HMAC-SHA-256(cookie, 'client' a b hello)
 *     CONNACK  ← HMAC-SHA-256(cookie, 'server' a b hello other), and the other's hello
 */
export const COOKIE_METHOD = 'FLEETGAUGE-COOKIE-1';
const NONCE_BYTES = 16;

export function newNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

export function isNonce(data: Uint8Array | undefined): data is Uint8Array {
  return data?.length === NONCE_BYTES;
}

/** `hello` is what both said of themselves up to then, so that it cannot be swapped on the way. */
export function proof(
  cookie: string,
  side: 'client' | 'server',
  a: Uint8Array,
  b: Uint8Array,
  hello: string,
): Buffer {
  return createHmac('sha256', cookie).update(side).update(a).update(b).update(hello).digest();
}

export function isProof(expected: Uint8Array, given: Uint8Array | undefined): boolean {
  return given?.length === expected.length && timingSafeEqual(expected, given);
}
