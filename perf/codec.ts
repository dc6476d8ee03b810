/**
 * The codec against mqtt-packet on small packets: parsing and writing PUBLISH, and acknowledgements.
 * Run by `node dist/perf/codec.js [repeats]`; prints a Markdown table. Both sides run in this process, in
 * turns, so that what slows the machine slows both; the ratio is the figure to read.
 */
import { generate, type Packet as PeerPacket, parser } from 'mqtt-packet';
import {
  decode,
  encode,
  Framer,
  type FrameSink,
  type ProtocolVersion,
  PublishView,
  publishBytes,
  type Qos,
  readAckPacketId,
  readAckReasonCode,
  readPublish,
  writeAck,
  writePublishHead,
} from '../wire/mod.js';
import { machineFacts } from './machine.js';
import { type Contender, compare } from './side-by-side.js';

const CHUNK_BYTES = 65_536;
const CHUNKS = 16;
const PAYLOAD_BYTES = 16;

/** 16-byte topics, as a fleet of devices has them. */
function topicOf(packet: number): string {
  return `bench/device/${String(packet % 1000).padStart(3, '0')}`;
}

/** A stream of packets cut into chunks of 64 KiB wherever that falls, as sockets cut it. */
function chunksOf(packetOf: (index: number) => Uint8Array): { chunks: Buffer[]; packets: number } {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < CHUNKS * CHUNK_BYTES) {
    const packet = packetOf(parts.length);
    parts.push(packet);
    bytes += packet.length;
  }
  const stream = Buffer.concat(parts);
  const chunks: Buffer[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
    // Each chunk in memory of its own, as a socket's read buffer is.
    chunks.push(Buffer.from(stream.subarray(at, at + CHUNK_BYTES)));
  }
  return { chunks, packets: parts.length };
}

function publishStream(qos: Qos, version: ProtocolVersion) {
  return chunksOf((index) =>
    encode(
      {
        type: 'publish',
        topic: topicOf(index),
        payload: Buffer.alloc(PAYLOAD_BYTES, 0x61),
        qos,
        retain: false,
        dup: false,
        ...(qos === 0 ? {} : { packetId: (index % 65_535) + 1 }),
      },
      version,
    ),
  );
}

/** Reads every PUBLISH in place and adds up what its fields say. */
class ViewSink implements FrameSink {
  readonly #view = new PublishView();
  readonly #version: ProtocolVersion;
  sum = 0;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const view = this.#view;
    readPublish(bytes, start, bodyStart, end, this.#version, view);
    this.sum +=
      view.topicEnd - view.topicStart + view.payloadEnd - view.payloadStart + view.packetId;
    return true;
  }
}

/** Decodes every packet in full: an object with a topic string and a payload of its own. */
class DecodeSink implements FrameSink {
  readonly #version: ProtocolVersion;
  sum = 0;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  frame(bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const packet = decode(bytes, start, bodyStart, end, this.#version);
    if (packet.type === 'publish') {
      this.sum += packet.topic.length + packet.payload.length + (packet.packetId ?? 0);
    } else if (packet.type === 'puback') {
      this.sum += packet.packetId;
    }
    return true;
  }
}

class AckSink implements FrameSink {
  readonly #version: ProtocolVersion;
  sum = 0;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  frame(bytes: Uint8Array, _start: number, bodyStart: number, end: number): boolean {
    this.sum += readAckPacketId(bytes, bodyStart, end);
    this.sum += readAckReasonCode(bytes, bodyStart, end, this.#version);
    return true;
  }
}

/** One pass over the stream with a framer and one of the sinks above. */
function ours(name: string, chunks: Buffer[], packets: number, sink: FrameSink & { sum: number }) {
  const framer = new Framer(268_435_460);
  return {
    name,
    packets,
    run() {
      sink.sum = 0;
      for (const chunk of chunks) framer.push(chunk, chunk.length, sink);
      return sink.sum;
    },
  } satisfies Contender;
}

/** One pass with mqtt-packet's parser: an event for every packet, topic string, payload a slice. */
function theirs(chunks: Buffer[], packets: number, protocolVersion: ProtocolVersion): Contender {
  let sum = 0;
  const peer = parser({ protocolVersion });
  peer.on('packet', (packet: PeerPacket) => {
    if (packet.cmd === 'publish') {
      sum += packet.topic.length + packet.payload.length + (packet.messageId ?? 0);
    } else {
      sum += packet.messageId ?? 0;
    }
  });
  return {
    name: 'mqtt-packet',
    packets,
    run() {
      sum = 0;
      for (const chunk of chunks) peer.parse(chunk);
      return sum;
    },
  };
}

function parsing(version: ProtocolVersion, qos: Qos): Contender[] {
  const { chunks, packets } = publishStream(qos, version);
  return [
    theirs(chunks, packets, version),
    ours('wire, fields in place', chunks, packets, new ViewSink(version)),
    ours('wire, decoded in full', chunks, packets, new DecodeSink(version)),
  ];
}

function readingAcks(version: ProtocolVersion): Contender[] {
  const { chunks, packets } = chunksOf((index) =>
    encode({ type: 'puback', packetId: (index % 65_535) + 1, reasonCode: 0 }, version),
  );
  return [
    theirs(chunks, packets, version),
    ours('wire, fields in place', chunks, packets, new AckSink(version)),
    ours('wire, decoded in full', chunks, packets, new DecodeSink(version)),
  ];
}

const WRITES = 10_000;

function writing(version: ProtocolVersion, qos: Qos): Contender[] {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 0x61);
  const topics = Array.from({ length: 1000 }, (_, index) => topicOf(index));
  const topicBytes = topics.map((topic) => Buffer.from(topic));
  const into = new Uint8Array(CHUNK_BYTES);
  return [
    {
      name: 'mqtt-packet',
      packets: WRITES,
      run() {
        let sum = 0;
        for (let i = 0; i < WRITES; i += 1) {
          const packet = {
            cmd: 'publish',
            topic: topics[i % 1000]!,
            payload,
            qos,
            dup: false,
            retain: false,
            messageId: (i % 65_535) + 1,
          } as const;
          sum += generate(packet, { protocolVersion: version }).length;
        }
        return sum;
      },
    },
    {
      name: 'wire, into a buffer',
      packets: WRITES,
      run() {
        let sum = 0;
        let at = 0;
        for (let i = 0; i < WRITES; i += 1) {
          const topic = topicBytes[i % 1000]!;
          const size = publishBytes(topic.length, qos, 0, PAYLOAD_BYTES, version);
          if (at + size > CHUNK_BYTES) at = 0;
          const flags = qos << 1;
          const id = (i % 65_535) + 1;
          const payloadAt = writePublishHead(
            into,
            at,
            flags,
            topic,
            0,
            topic.length,
            id,
            null,
            0,
            0,
            PAYLOAD_BYTES,
            version,
          );
          for (let j = 0; j < PAYLOAD_BYTES; j += 1) into[payloadAt + j] = payload[j]!;
          at += size;
          sum += size;
        }
        return sum;
      },
    },
    {
      name: 'wire, encoded in full',
      packets: WRITES,
      run() {
        let sum = 0;
        for (let i = 0; i < WRITES; i += 1) {
          const topic = topics[i % 1000]!;
          const packetId = (i % 65_535) + 1;
          const packet =
            qos === 0
              ? ({ type: 'publish', topic, payload, qos, dup: false, retain: false } as const)
              : ({
                  type: 'publish',
                  topic,
                  payload,
                  qos,
                  dup: false,
                  retain: false,
                  packetId,
                } as const);
          sum += encode(packet, version).length;
        }
        return sum;
      },
    },
  ];
}

function writingAcks(): Contender[] {
  const into = new Uint8Array(CHUNK_BYTES);
  return [
    {
      name: 'mqtt-packet',
      packets: WRITES,
      run() {
        let sum = 0;
        for (let i = 0; i < WRITES; i += 1) {
          sum += generate({ cmd: 'puback', messageId: (i % 65_535) + 1 }).length;
        }
        return sum;
      },
    },
    {
      name: 'wire, into a buffer',
      packets: WRITES,
      run() {
        let sum = 0;
        let at = 0;
        for (let i = 0; i < WRITES; i += 1) {
          if (at + 4 > CHUNK_BYTES) at = 0;
          const next = writeAck(into, at, 4, (i % 65_535) + 1);
          sum += next - at;
          at = next;
        }
        return sum;
      },
    },
    {
      name: 'wire, encoded in full',
      packets: WRITES,
      run() {
        let sum = 0;
        for (let i = 0; i < WRITES; i += 1) {
          const packetId = (i % 65_535) + 1;
          sum += encode({ type: 'puback', packetId, reasonCode: 0 }, 4).length;
        }
        return sum;
      },
    },
  ];
}

const CASES: [string, () => Contender[]][] = [
  ['parse PUBLISH QoS 0, 3.1.1', () => parsing(4, 0)],
  ['parse PUBLISH QoS 1, 3.1.1', () => parsing(4, 1)],
  ['parse PUBLISH QoS 0, 5', () => parsing(5, 0)],
  ['parse PUBLISH QoS 1, 5', () => parsing(5, 1)],
  ['parse PUBACK, 3.1.1', () => readingAcks(4)],
  ['write PUBLISH QoS 0, 3.1.1', () => writing(4, 0)],
  ['write PUBLISH QoS 1, 5', () => writing(5, 1)],
  ['write PUBACK, 3.1.1', writingAcks],
];

const repeats = Number(process.argv[2] ?? 9);
const lines = [
  `# Codec against mqtt-packet`,
  '',
  ...machineFacts(),
  '',
  `Payload ${PAYLOAD_BYTES} B, topic 16 B, the stream in chunks of 64 KiB cut anywhere. Median of`,
  `${repeats} repeats in turns, and the median of each repeat's ratio to mqtt-packet.`,
  '',
  'What each does: mqtt-packet makes an object with a topic string and a payload slice and emits an event',
  'for it; it does not check topic names, UTF-8 or DUP. "Fields in place" checks all that and gives offsets,',
  'no object and no string. "Decoded in full" checks the same and makes an object with a topic string and a',
  'copy of the payload. Writing: mqtt-packet and "encoded in full" return a new buffer for each packet,',
  '"into a buffer" writes one after the other into a buffer that is there.',
  '',
  '| case | who | million packets/s | ns each | ratio |',
  '|---|---|--:|--:|--:|',
];
for (const [name, make] of CASES) lines.push(...compare(name, make(), repeats));
console.log(lines.join('\n'));
