import { broken, type MqttError } from './errors.js';
import { RULES, type Rule } from './rules.js';

/**
 * 1 for the first bytes that some packet may begin with in MQTT 3.1.1 and 5 (table 2.2, table 2-2), so that
 * a framer, which knows no more, has one look-up to make.
 */
export const PLAIN_FIRST_BYTES = new Uint8Array(256);
for (let first = 0x10; first < 0x100; first += 1) {
  const type = first >> 4;
  const flags = first & 0x0f;
  if (type === 3) PLAIN_FIRST_BYTES[first] = (flags & 6) === 6 || (flags & 0xe) === 8 ? 0 : 1;
  else if (flags === (type === 6 || type === 8 || type === 10 ? 2 : 0))
    PLAIN_FIRST_BYTES[first] = 1;
}

/** The statements on reserved flags that name a packet type; the others fall under the general one. */
const FLAG_RULES: Readonly<Record<number, Rule>> = {
  6: RULES.PUBREL_FLAGS,
  8: RULES.SUBSCRIBE_FLAGS,
  10: RULES.UNSUBSCRIBE_FLAGS,
  14: RULES.DISCONNECT_FLAGS,
  15: RULES.AUTH_FLAGS,
};

/** What is wrong with a first byte that is not allowed. */
export function firstByteError(first: number, version: number): MqttError {
  const type = first >> 4;
  if (type === 0) return broken(RULES.PACKET_TYPE, version);
  if (first === 0xf0) return broken(RULES.AUTH_BEFORE_5, version);
  if (type === 3) return broken((first & 6) === 6 ? RULES.QOS : RULES.DUP, version);
  return broken(FLAG_RULES[type] ?? RULES.HEADER_FLAGS, version, `0x${first.toString(16)}`);
}

/** May a packet of this version begin with this byte? */
export function isFirstByte(first: number, version: number): boolean {
  if (PLAIN_FIRST_BYTES[first] === 1) return version === 5 || first < 0xf0;
  // MQTT 3.1 lets PUBREL, SUBSCRIBE and UNSUBSCRIBE carry DUP.
  return version === 3 && (first === 0x6a || first === 0x8a || first === 0xaa);
}
