import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { decode, encode, Framer, type Packet, type ProtocolVersion } from '../wire/mod.js';
import { BrokerError, type RunningBroker, startBroker } from './mod.js';

const QUIET = { port: 0, sysIntervalMs: 0 };

/** A bare socket that speaks MQTT. */
class RawClient {
  readonly socket: Socket;
  readonly received: Packet[] = [];
  readonly closed: Promise<unknown>;
  readonly #framer = new Framer(2 ** 28);

  constructor(port: number, version: ProtocolVersion = 5) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.closed = once(this.socket, 'close');
    this.socket.on('data', (bytes) => {
      this.#framer.push(bytes, bytes.length, {
        frame: (frame, start, bodyStart, end) => {
          this.received.push(decode(frame, start, bodyStart, end, version));
          this.socket.emit('packet');
          return true;
        },
      });
    });
  }

  async until(type: Packet['type']): Promise<Packet> {
    for (;;) {
      const found = this.received.find((packet) => packet.type === type);
      if (found !== undefined) return found;
      await once(this.socket, 'packet');
    }
  }

  async connect(clientId: string, version: ProtocolVersion = 5): Promise<void> {
    this.socket.write(
      encode(
        {
          type: 'connect',
          protocolVersion: version,
          cleanStart: true,
          keepAliveSeconds: 0,
          clientId,
        },
        version,
      ),
    );
    await this.until('connack');
  }
}

describe('a running node', () => {
  let broker: RunningBroker;
  let port = 0;
  before(async () => {
    broker = await startBroker(QUIET);
    port = broker.listeners[0]?.port ?? 0;
  });
  after(() => broker.close(100));

  it('reads accepted sockets into the shared buffer on this version of Node', async () => {
    const { createServer } = await import('node:net');
    const { readShared } = await import('./listener/shared-read.js');
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const client = connect(address.port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    const got = new Promise<string>((resolve) => {
      const way = readShared(socket, (length, bytes) => {
        resolve(bytes.toString('utf8', 0, length));
        return true;
      });
      assert.equal(way, 'shared');
    });
    client.write('hello');
    assert.equal(await got, 'hello');
    client.destroy();
    socket.destroy();
    server.close();
  });

  it('answers malformed bytes with DISCONNECT in MQTT 5, closes before, and goes on', async () => {
    const bystander = new RawClient(port);
    await bystander.connect('bystander');
    for (const version of [5, 4] as const) {
      const client = new RawClient(port, version);
      await client.connect('bad', version);
      client.socket.write(Buffer.from([0x36, 5, 0, 1, 0x61, 0, 0]));
      await client.closed;
      const told = client.received.filter(({ type }) => type === 'disconnect');
      assert.equal(told.length, version === 5 ? 1 : 0);
    }
    const stranger = new RawClient(port);
    stranger.socket.write('GET / HTTP/1.1\r\n\r\n');
    await stranger.closed;
    bystander.socket.write(encode({ type: 'pingreq' }, 5));
    await bystander.until('pingresp');
    assert.equal(broker.stats().counters['packets.malformed'], 3);
    bystander.socket.destroy();
  });

  it('takes a message of many reads and gives it on whole', async () => {
    const client = new RawClient(port);
    await client.connect('big');
    client.socket.write(
      encode(
        {
          type: 'subscribe',
          packetId: 1,
          subscriptions: [
            { filter: 'big', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
          ],
        },
        5,
      ),
    );
    const payload = Buffer.alloc(900_000, 'fleetgauge');
    client.socket.write(
      encode(
        { type: 'publish', topic: 'big', payload, qos: 1, packetId: 3, retain: false, dup: false },
        5,
      ),
    );
    const publish = await client.until('publish');
    assert.equal(publish.type === 'publish' && payload.equals(publish.payload), true);
    client.socket.destroy();
  });

  it('notices a client that resets its connection', async () => {
    const client = new RawClient(port);
    await client.connect('rude');
    client.socket.resetAndDestroy();
    while (broker.stats().gauges['connections.count'] > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(broker.stats().gauges['sessions.count'], 0);
  });
});

it('a node under several publishers that send without reading loses no QoS 1 message', async () => {
  const broker = await startBroker({ ...QUIET, maxQueued: 200, maxInflight: 20 });
  const port = broker.listeners[0]?.port ?? 0;
  const subscriber = new RawClient(port);
  await subscriber.connect('s');
  subscriber.socket.write(
    encode(
      {
        type: 'subscribe',
        packetId: 1,
        subscriptions: [
          { filter: 'in', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        ],
      },
      5,
    ),
  );
  await subscriber.until('suback');
  subscriber.received.length = 0;
  const publishers = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const client = new RawClient(port);
      await client.connect(`p${n}`);
      return client;
    }),
  );
  const count = 2000;
  for (const { socket } of publishers) {
    for (let n = 1; n <= count; n++) {
      const payload = Buffer.alloc(50, n);
      socket.write(
        encode(
          { type: 'publish', topic: 'in', payload, qos: 1, packetId: n, retain: false, dup: false },
          5,
        ),
      );
    }
  }
  let got = 0;
  while (got < publishers.length * count) {
    if (subscriber.received.length === 0) await once(subscriber.socket, 'packet');
    for (const packet of subscriber.received.splice(0)) {
      if (packet.type !== 'publish') continue;
      got++;
      const { packetId = 0 } = packet;
      subscriber.socket.write(encode({ type: 'puback', packetId, reasonCode: 0 }, 5));
    }
  }
  assert.equal(broker.stats().counters['delivery.dropped'], 0);
  assert.ok(broker.stats().counters['publishers.paused'] > 0);
  for (const { socket } of [subscriber, ...publishers]) socket.destroy();
  await broker.close(100);
});

describe('starting and stopping', () => {
  it('tells MQTT 5 clients 0x8B when it stops, and lets go of the port', async () => {
    const broker = await startBroker(QUIET);
    const port = broker.listeners[0]?.port ?? 0;
    const [young, old, silent] = [new RawClient(port), new RawClient(port, 4), new RawClient(port)];
    await young.connect('a');
    await old.connect('b', 4);
    await broker.close(1000);
    await Promise.all([young.closed, old.closed, silent.closed]);
    assert.deepEqual(young.received.at(-1), { type: 'disconnect', reasonCode: 0x8b });
    assert.equal(old.received.at(-1)?.type, 'connack');
    const again = await startBroker({ ...QUIET, port });
    await again.close();
  });

  it('is not held up by a client that does not read', async () => {
    const broker = await startBroker(QUIET);
    const client = new RawClient(broker.listeners[0]?.port ?? 0);
    await client.connect('c');
    client.socket.pause();
    const subscribe = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    client.socket.write(
      encode(
        { type: 'subscribe', packetId: 1, subscriptions: [{ filter: '#', qos: 0, ...subscribe }] },
        5,
      ),
    );
    const payload = Buffer.alloc(500_000);
    const publish = {
      type: 'publish',
      topic: 't',
      payload,
      qos: 0,
      retain: false,
      dup: false,
    } as const;
    for (let n = 0; n < 20; n++) client.socket.write(encode(publish, 5));
    while (broker.stats().gauges['output.pending_bytes'] < 1_000_000) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await broker.close(50);
    client.socket.destroy();
  });

  it('says in one line why it cannot have the address', async () => {
    const broker = await startBroker(QUIET);
    const port = broker.listeners[0]?.port ?? 0;
    await assert.rejects(
      startBroker({ ...QUIET, port }),
      (error) =>
        error instanceof BrokerError &&
        error.code === 'ADDRESS_IN_USE' &&
        error.message.includes(`127.0.0.1:${port} is in use`),
    );
    await assert.rejects(
      startBroker({ ...QUIET, host: '203.0.113.1' }),
      (error) => error instanceof BrokerError && error.code === 'ADDRESS_REFUSED',
    );
    await broker.close();
  });

  it('listens on several addresses, each with its bound on connections', async () => {
    const complaints: string[] = [];
    const address = { host: '127.0.0.1', port: 0, maxConnections: Number.POSITIVE_INFINITY };
    const broker = await startBroker(
      {
        ...QUIET,
        listeners: [
          { ...address, name: 'open' },
          { ...address, name: 'narrow', maxConnections: 1 },
        ],
      },
      { complain: (line) => complaints.push(line) },
    );
    const [open, narrow] = broker.listeners.map(({ port }) => port);
    assert.deepEqual(
      broker.listeners.map(({ name }) => name),
      ['open', 'narrow'],
    );
    const clients = [open!, open!, narrow!].map((port) => new RawClient(port));
    for (const [index, client] of clients.entries()) await client.connect(`c${index}`);
    const oneTooMany = new RawClient(narrow!);
    await oneTooMany.closed;
    assert.deepEqual(complaints, [
      'listener narrow has its 1 connections: new ones are refused; raise listeners.tcp.narrow.max_connections',
    ]);
    assert.equal(broker.stats().gauges['connections.count'], 3);
    await broker.close(100);
    for (const { socket } of clients) socket.destroy();
  });

  it('leaves no address open when it cannot have one of them', async () => {
    const taken = await startBroker(QUIET);
    const free = await startBroker(QUIET);
    const address = { host: '127.0.0.1', maxConnections: Number.POSITIVE_INFINITY };
    const freePort = free.listeners[0]!.port;
    await free.close();
    const listeners = [
      { ...address, name: 'default', port: freePort },
      { ...address, name: 'second', port: taken.listeners[0]!.port },
    ];
    await assert.rejects(
      startBroker({ ...QUIET, listeners }),
      /is in use: .* choose another listeners\.tcp\.second\.bind$/,
    );
    const after = await startBroker({ ...QUIET, port: freePort });
    await after.close();
    await taken.close();
  });

  it('names the key of a config that is no good', async () => {
    for (const [config, key] of [
      [{ port: 70_000 }, 'port'],
      [{ maxInflight: 0 }, 'maxInflight'],
      [{ nodeName: 'me' }, 'nodeName'],
      // As a flag given twice comes.
      [{ port: [1, 2] } as object, 'port'],
      [{ host: ['127.0.0.1', '::1'] } as object, 'host'],
      [{ maxRoutes: 3000 }, 'maxRoutes'],
      [{ prot: 1 } as object, 'prot'],
    ] as const) {
      await assert.rejects(
        startBroker(config),
        (error) =>
          error instanceof BrokerError &&
          error.code === 'BAD_CONFIG' &&
          error.message.includes(key),
      );
    }
  });
});
