import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decode,
  encode,
  Framer,
  type FrameSink,
  MqttError,
  type ProtocolVersion,
  PublishView,
  readAckPacketId,
  readAckReasonCode,
  readPublish,
} from './mod.js';
import { packetArbitrary } from './testing/arbitrary.js';
import { BAD_PACKETS, GOOD_PACKETS, hex } from './testing/mod.js';
import { mutate, Random } from './testing/mutate.js';
import { varintEnd } from './varint.js';

const SEED = 20_261_122;
const INPUTS = 1_000_000;
const MAXIMUM_BYTES = 600;
/** Every so many accepted packets one is encoded again and compared. */
const CHECK_EVERY = 7;

/** Decodes whatever comes, in every layer that can read it, and tells what became of it. */
class Target implements FrameSink {
  version: ProtocolVersion = 5;
  frames = 0;
  accepted = 0;
  refused = 0;
  readonly clauses = new Set<string>();
  readonly types = new Set<string>();
  readonly #view = new PublishView();

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.frames += 1;
    const full = this.#attempt(() => this.#full(bytes, start, bodyStart, end));
    const type = bytes[start]! >> 4;
    if (type === 3) {
      const hot = this.#attempt(() =>
        readPublish(bytes, start, bodyStart, end, this.version, this.#view),
      );
      assert.equal(hot, full, 'both layers judge alike');
    } else if (type >= 4 && type <= 7) {
      const hot = this.#attempt(() => {
        readAckPacketId(bytes, bodyStart, end);
        readAckReasonCode(bytes, bodyStart, end, this.version);
      });
      if (full === undefined) assert.equal(hot, undefined, 'the hot layer refuses nothing good');
    }
    if (full === undefined) this.accepted += 1;
    else {
      this.refused += 1;
      this.clauses.add(full);
    }
    return full === undefined;
  }

  /** The clause of the MqttError that `read` throws, if it does; anything else it throws goes on. */
  #attempt(read: () => void): string | undefined {
    try {
      read();
      return undefined;
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      return error.clause;
    }
  }

  #full(bytes: Uint8Array, start: number, bodyStart: number, end: number): void {
    const packet = decode(bytes, start, bodyStart, end, this.version);
    this.types.add(packet.type);
    if (this.accepted % CHECK_EVERY !== 0) return;
    // What decode accepts is a packet: it can be written, and read again as the same.
    const version = packet.type === 'connect' ? packet.protocolVersion : this.version;
    const encoded = encode(packet, version);
    const again = decode(encoded, 0, varintEnd(encoded, 1), encoded.length, version);
    assert.deepEqual(again, packet);
  }
}

describe('a million spoiled packets', () => {
  it('throw nothing but MqttError, and no more than one packet is ever held', () => {
    const corpus: { bytes: Uint8Array; version: ProtocolVersion }[] = [
      ...[...GOOD_PACKETS, ...BAD_PACKETS].map((entry) => ({
        bytes: hex(entry.hex),
        version: entry.version,
      })),
      ...([3, 4, 5, 5, 5] as const).flatMap((version, index) =>
        fc
          .sample(packetArbitrary(version), { numRuns: 200, seed: SEED + index })
          .map((packet) => ({ bytes: encode(packet, version), version })),
      ),
    ].filter(({ bytes }) => bytes.length > 0 && bytes.length <= 512);
    const random = new Random(SEED);
    const target = new Target();
    const into = Buffer.alloc(2048);
    let framer = new Framer(MAXIMUM_BYTES);
    let framingErrors = 0;
    let mostHeld = 0;
    // Stack traces would be most of the work.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      for (let input = 0; input < INPUTS; input += 1) {
        const { bytes, version } = corpus[random.below(corpus.length)]!;
        const other = corpus[random.below(corpus.length)]!.bytes;
        const length = mutate(bytes, other, random, into);
        target.version = random.below(20) === 0 ? ([3, 4, 5] as const)[random.below(3)]! : version;
        framer.version = target.version;
        // One chunk, or two cut anywhere; what is held may run on into the next input.
        const cut = random.below(4) === 0 ? random.below(length + 1) : length;
        const heldBefore = framer.heldBytes;
        try {
          const open = framer.push(into, cut, target);
          if (open && cut < length) framer.push(into.subarray(cut), length - cut, target);
        } catch (error) {
          if (!(error instanceof MqttError)) throw error;
          framingErrors += 1;
          assert.equal(framer.heldBytes, 0);
        }
        const held = framer.heldBytes;
        mostHeld = Math.max(mostHeld, held);
        assert.ok(held <= MAXIMUM_BYTES && held <= heldBefore + length);
        if (random.below(3) === 0) framer = new Framer(MAXIMUM_BYTES);
      }
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    // The inputs were worth trying: many came through whole, many were refused, for many reasons.
    assert.ok(target.accepted > INPUTS / 20, `accepted ${target.accepted}`);
    assert.ok(target.refused > INPUTS / 5, `refused ${target.refused}`);
    assert.ok(framingErrors > INPUTS / 50, `framing errors ${framingErrors}`);
    assert.ok(target.clauses.size > 60, `clauses ${target.clauses.size}`);
    assert.equal(target.types.size, 15);
    assert.ok(mostHeld > MAXIMUM_BYTES / 2, `held ${mostHeld}`);
  });
});
