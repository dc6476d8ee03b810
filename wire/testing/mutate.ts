/** A small seeded generator (xorshift32): the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % below;
  }
}

/** Bytes that sit at borders of the encodings. */
const TELLING = Uint8Array.of(0, 1, 2, 3, 4, 0x0b, 0x26, 0x23, 0x2b, 0x2f, 0x7f, 0x80, 0xc3, 0xff);

/**
 * Spoils a packet: flips bits, sets, drops, adds and doubles bytes, splices in part of another packet, and
 * mostly mends the remaining length afterwards so that the damage reaches the decoder and not only the
 * framer. Works in `into` and returns how many bytes it holds.
 */
export function mutate(
  packet: Uint8Array,
  other: Uint8Array,
  random: Random,
  into: Uint8Array,
): number {
  into.set(packet);
  let length = packet.length;
  for (let changes = 1 + random.below(3); changes > 0 && length > 0; changes -= 1) {
    const at = random.below(length);
    switch (random.below(7)) {
      case 0:
        into[at] = into[at]! ^ (1 << random.below(8));
        break;
      case 1:
        into[at] = TELLING[random.below(TELLING.length)]!;
        break;
      case 2:
        into[at] = random.below(256);
        break;
      case 3:
        into.copyWithin(at, at + 1, length);
        length -= 1;
        break;
      case 4:
        into.copyWithin(at + 1, at, length);
        into[at] = TELLING[random.below(TELLING.length)]!;
        length += 1;
        break;
      case 5:
        length = at;
        break;
      default: {
        const from = random.below(other.length);
        const count = Math.min(1 + random.below(16), other.length - from);
        into.set(other.subarray(from, from + count), at);
        length = Math.max(length, at + count);
      }
    }
  }
  if (random.below(10) < 8) mendRemainingLength(into, length);
  return length;
}

/** Sets the remaining length right where it takes one byte, or two in packets of over 127 bytes. */
function mendRemainingLength(bytes: Uint8Array, length: number): void {
  if (length < 2) return;
  if (length - 2 < 128) {
    bytes[1] = length - 2;
  } else if (length - 3 < 16_384) {
    bytes[1] = ((length - 3) & 0x7f) | 0x80;
    bytes[2] = (length - 3) >> 7;
  }
}
