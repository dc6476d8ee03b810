import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encode, Framer, type FrameSink, MqttError } from './mod.js';
import { packetArbitrary } from './testing/arbitrary.js';
import { GOOD_PACKETS, hex } from './testing/mod.js';

/** Keeps a copy of every frame and how its parts lie. */
class Frames implements FrameSink {
  readonly packets: string[] = [];
  readonly headerBytes: number[] = [];
  readonly from: Uint8Array[] = [];
  /** Frames to take before stopping. */
  take = Number.POSITIVE_INFINITY;

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    this.packets.push(Buffer.from(bytes.subarray(start, end)).toString('hex'));
    this.headerBytes.push(bodyStart - start);
    this.from.push(bytes);
    return this.packets.length < this.take;
  }
}

function pushAll(framer: Framer, chunks: readonly Uint8Array[], sink: FrameSink): void {
  for (const chunk of chunks) assert.equal(framer.push(chunk, chunk.length, sink), true);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** `bytes` cut at the given places, which may repeat: that gives empty chunks. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...places.map((place) => place % (bytes.length + 1))].sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const place of [...sorted, bytes.length]) {
    chunks.push(bytes.slice(from, place));
    from = place;
  }
  return chunks;
}

const PING = hex('c000');
const PUBLISH = hex('30 07 0003 "a/b" "hi"');

describe('a framer', () => {
  it('gives the same frames however the stream is cut', () => {
    const stream = fc.array(packetArbitrary(5), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (packets, places) => {
        const encoded = packets.map((packet) => encode(packet, 5));
        const frames = new Frames();
        const framer = new Framer(10_000);
        pushAll(framer, cutAt(Buffer.concat(encoded), places), frames);
        assert.deepEqual(frames.packets, encoded.map(hexOf));
        assert.equal(framer.heldBytes, 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same frames for chunks of any one size, down to single bytes', () => {
    const entries = GOOD_PACKETS.filter(({ version }) => version === 5).map((entry) =>
      hex(entry.hex),
    );
    const stream = Buffer.concat(entries);
    for (const size of [1, 2, 3, 4, 5, 7, 11, 64, 1000, 65_536]) {
      const frames = new Frames();
      const framer = new Framer(20_000);
      for (let at = 0; at < stream.length; at += size) {
        const chunk = stream.subarray(at, at + size);
        assert.equal(framer.push(chunk, chunk.length, frames), true);
      }
      assert.deepEqual(frames.packets, entries.map(hexOf));
    }
  });

  it('hands whole packets over in place and split ones from its own memory', () => {
    const frames = new Frames();
    const chunk = Buffer.concat([PUBLISH, PING, PUBLISH.subarray(0, 4)]);
    const framer = new Framer(1000);
    pushAll(framer, [chunk, PUBLISH.subarray(4)], frames);
    assert.equal(frames.from[0], chunk);
    assert.equal(frames.from[1], chunk);
    assert.notEqual(frames.from[2], chunk);
    assert.deepEqual(frames.packets, [PUBLISH, PING, PUBLISH].map(hexOf));
    assert.deepEqual(frames.headerBytes, [2, 2, 2]);
  });

  it('reads no further than the length it is given', () => {
    const frames = new Frames();
    for (const beyond of [PUBLISH, hex('00'), hex('ff')]) {
      const buffer = Buffer.concat([PING, beyond]);
      const framer = new Framer(1000);
      assert.equal(framer.push(buffer, 2, frames), true);
      assert.equal(framer.push(buffer, 0, frames), true);
      assert.equal(framer.heldBytes, 0);
    }
    assert.deepEqual(frames.packets, ['c000', 'c000', 'c000']);
  });

  it('holds exactly what came of a split packet', () => {
    const framer = new Framer(1000);
    const frames = new Frames();
    for (let cut = 1; cut < PUBLISH.length; cut += 1) {
      pushAll(framer, [PUBLISH.subarray(0, cut)], frames);
      assert.equal(framer.heldBytes, cut);
      pushAll(framer, [PUBLISH.subarray(cut)], frames);
      assert.equal(framer.heldBytes, 0);
    }
    assert.equal(frames.packets.length, PUBLISH.length - 1);
  });

  it('stops when the sink stops, drops the rest and says so', () => {
    for (const chunks of [
      [Buffer.concat([PING, PUBLISH, PING])],
      [PING.subarray(0, 1), Buffer.concat([PING.subarray(1), PUBLISH])],
    ]) {
      const framer = new Framer(1000);
      const frames = new Frames();
      frames.take = 1;
      const answers = chunks.map((chunk) => framer.push(chunk, chunk.length, frames));
      assert.equal(answers.at(-1), false);
      assert.deepEqual(frames.packets, ['c000']);
      assert.equal(framer.heldBytes, 0);
    }
  });

  it('forgets a split packet on reset', () => {
    const framer = new Framer(1000);
    const frames = new Frames();
    pushAll(framer, [PUBLISH.subarray(0, 5)], frames);
    framer.reset();
    assert.equal(framer.heldBytes, 0);
    pushAll(framer, [PING], frames);
    assert.deepEqual(frames.packets, ['c000']);
  });

  it('takes a packet of exactly the maximum and refuses the next larger one', () => {
    const frames = new Frames();
    pushAll(new Framer(PUBLISH.length), [PUBLISH], frames);
    assert.equal(frames.packets.length, 1);
    assert.throws(() => pushAll(new Framer(PUBLISH.length - 1), [PUBLISH], frames), {
      name: 'MqttError',
      code: 'PACKET_TOO_LARGE',
      reasonCode: 0x95,
      clause: '[MQTT-3.1.2-24]',
    });
  });

  it('refuses a packet above the maximum as soon as its header is there, whole or cut', () => {
    const header = hex('30 ffffff7f');
    for (let cut = 0; cut < header.length; cut += 1) {
      const framer = new Framer(1_000_000);
      pushAll(framer, cut === 0 ? [] : [header.subarray(0, cut)], new Frames());
      assert.throws(() => pushAll(framer, [header.subarray(cut)], new Frames()), {
        reasonCode: 0x95,
      });
      assert.equal(framer.heldBytes, 0);
    }
  });

  it('refuses a bad first byte without waiting for more', () => {
    for (const first of [0x00, 0x0f, 0x10 | 8, 0x36, 0x37, 0x38, 0x39, 0x47, 0x60, 0x80, 0xf1]) {
      assert.throws(
        () => pushAll(new Framer(1000), [Uint8Array.of(first)], new Frames()),
        (error) => error instanceof MqttError && error.code === 'MALFORMED_PACKET',
      );
    }
  });

  it('lets MQTT 3.1 send PUBREL, SUBSCRIBE and UNSUBSCRIBE with DUP, from the packet on that says so', () => {
    const framer = new Framer(1000);
    const seen: number[] = [];
    const chunk = hex('10 0f 0006 "MQIsdp" 03 02 003c 0001 "a" 6a 02 0001');
    framer.push(chunk, chunk.length, {
      frame(bytes, start) {
        seen.push(bytes[start]!);
        framer.version = 3;
        return true;
      },
    });
    assert.deepEqual(seen, [0x10, 0x6a]);
    for (const first of [0x6a, 0x8a, 0xaa, 0x4a, 0xca]) {
      for (const version of [3, 4, 5] as const) {
        const other = new Framer(1000);
        other.version = version;
        const push = () => other.push(Uint8Array.of(first), 1, new Frames());
        if (version === 3 && first !== 0x4a && first !== 0xca) assert.equal(push(), true);
        else assert.throws(push, { code: 'MALFORMED_PACKET' });
      }
    }
  });

  it('reserves no memory for what a remaining length merely promises', () => {
    const framers: Framer[] = [];
    const header = hex('30 ffffff7f 0003 "a/b"');
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 200; count += 1) {
      const framer = new Framer(268_435_460);
      framer.push(header, header.length, new Frames());
      framers.push(framer);
    }
    const perFramer = (process.memoryUsage().arrayBuffers - before) / framers.length;
    assert.ok(perFramer < 1024, `${perFramer} bytes for each of ${framers.length}`);
    assert.equal(framers[0]!.heldBytes, header.length);
  });

  it('puts a large packet together from many chunks', () => {
    const payload = Buffer.alloc(1_000_000, 0x61);
    const packet = encode(
      { type: 'publish', topic: 'a', payload, qos: 0, retain: false, dup: false },
      4,
    );
    const frames = new Frames();
    const framer = new Framer(packet.length);
    for (let at = 0; at < packet.length; at += 1400) {
      pushAll(framer, [packet.subarray(at, at + 1400)], frames);
      assert.ok(framer.heldBytes <= packet.length);
    }
    assert.deepEqual(frames.packets, [hexOf(packet)]);
    assert.deepEqual(frames.headerBytes, [4]);
  });
});
