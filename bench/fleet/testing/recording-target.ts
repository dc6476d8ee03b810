import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { decode, encode, Framer, type Packet, type ProtocolVersion } from '../../../wire/mod.js';

export type Connack = Extract<Packet, { type: 'connack' }>;

/** What a target heard: each packet, by connection, in the order of arrival. */
export interface Heard {
  readonly connection: number;
  readonly packet: Packet;
}

export interface RecordingTarget {
  readonly port: number;
  readonly heard: Heard[];
  of<T extends Packet['type']>(type: T): Extract<Packet, { type: T }>[];
  close(): Promise<void>;
}

/** A far end that says yes to everything and delivers nothing: it writes down what it hears. */
export async function recordingTarget({
  version = 5 as ProtocolVersion,
  connack = {} as Partial<Connack>,
  ackAfterMs = 0,
} = {}): Promise<RecordingTarget> {
  const heard: Heard[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    sockets.add(socket);
    const framer = new Framer(1_000_000);
    const reply = (packet: Packet, afterMs = 0) => {
      const bytes = encode(packet, version);
      if (afterMs === 0) socket.write(bytes);
      else setTimeout(() => socket.destroyed || socket.write(bytes), afterMs);
    };
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      framer.push(bytes, bytes.length, {
        frame(frame, start, bodyStart, end) {
          const packet = decode(frame, start, bodyStart, end, version);
          heard.push({ connection, packet });
          answer(packet, reply, connack, ackAfterMs);
          if (packet.type === 'disconnect') socket.end();
          return true;
        },
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    of: <T extends Packet['type']>(type: T) =>
      heard.flatMap(({ packet }) =>
        packet.type === type ? [packet as Extract<Packet, { type: T }>] : [],
      ),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(
  packet: Packet,
  reply: (packet: Packet, afterMs?: number) => void,
  connack: Partial<Connack>,
  ackAfterMs: number,
): void {
  switch (packet.type) {
    case 'connect':
      reply({ type: 'connack', sessionPresent: false, reasonCode: 0, ...connack });
      break;
    case 'subscribe': {
      const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
      reply({ type: 'suback', packetId: packet.packetId, reasonCodes });
      break;
    }
    case 'publish':
      if (packet.qos === 1)
        reply({ type: 'puback', packetId: packet.packetId!, reasonCode: 0 }, ackAfterMs);
      if (packet.qos === 2)
        reply({ type: 'pubrec', packetId: packet.packetId!, reasonCode: 0 }, ackAfterMs);
      break;
    case 'pubrel':
      reply({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
      break;
    case 'pingreq':
      reply({ type: 'pingresp' });
      break;
  }
}
