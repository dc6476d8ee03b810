import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  frameInPlace,
  LARGEST_FRAME_HEADER,
  OPCODE,
  WebSocketError,
  WebSocketReader,
  type WebSocketSink,
} from './websocket-frame.js';
import { WebSocketUpgrade } from './websocket-upgrade.js';

const HANDLED = { subprotocol: (offered: Set<string>) => (offered.has('mqtt') ? 'mqtt' : false) };

/** Collects what a reader hands over. */
class Heard implements WebSocketSink {
  readonly #data: Buffer[] = [];
  readonly pings: string[] = [];
  closed: [number, string] | undefined;

  data(bytes: Uint8Array, start: number, end: number): boolean {
    this.#data.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }
  ping(payload: Uint8Array): void {
    this.pings.push(Buffer.from(payload).toString('hex'));
  }
  closing(code: number, reason: string): void {
    this.closed = [code, reason];
  }
  get all(): Buffer {
    return Buffer.concat(this.#data);
  }
}

/** A client of ours after its upgrade, and the server's end of it as the ws package has it. */
async function joined(
  play: (
    client: { write(bytes: Uint8Array): void; received(): Buffer; closed: Promise<unknown> },
    server: WebSocket,
  ) => Promise<void>,
): Promise<void> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: HANDLED.subprotocol,
  });
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    const upgrade = new WebSocketUpgrade('/mqtt', 'localhost');
    const received: Buffer[] = [];
    let open = false;
    const isOpen = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('data', (bytes) => {
        const from = open ? 0 : upgrade.push(bytes, bytes.length);
        if (from < 0) return;
        open = true;
        received.push(bytes.subarray(from));
        resolve();
      });
    });
    const connection = once(server, 'connection');
    socket.write(upgrade.request);
    const [peer] = (await connection) as [WebSocket];
    await isOpen;
    const closed = once(socket, 'close');
    const client = {
      write: (bytes: Uint8Array) => void socket.write(bytes),
      received: () => Buffer.concat(received),
      closed,
    };
    await play(client, peer);
  } finally {
    socket.destroy();
    for (const client of server.clients) client.terminate();
    server.close();
  }
}

function framed(payload: Uint8Array, key: number): Uint8Array {
  const bytes = Buffer.alloc(LARGEST_FRAME_HEADER + payload.length);
  bytes.set(payload, LARGEST_FRAME_HEADER);
  return bytes.subarray(
    frameInPlace(bytes, LARGEST_FRAME_HEADER, bytes.length, OPCODE.binary, key),
  );
}

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_001).map((size) => Buffer.alloc(size, 7)),
);
const key = fc.integer({ min: 0, max: 0xffffffff });

test('what we frame and mask, the ws package reads as it was', async () => {
  await joined(async (client, server) => {
    const heard: Buffer[] = [];
    server.on('message', (data: Buffer, isBinary: boolean) => {
      assert.ok(isBinary);
      heard.push(Buffer.from(data));
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(payload, key), { minLength: 1, maxLength: 6 }),
        async (messages) => {
          heard.length = 0;
          for (const [bytes, mask] of messages) client.write(framed(bytes, mask));
          while (heard.length < messages.length) await once(server, 'message');
          messages.forEach(([bytes], k) => {
            assert.ok(heard[k]!.equals(bytes), `message ${k} of ${bytes.length} bytes`);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('what the ws package sends, in fragments with pings between, we read as it was, however it is cut', async () => {
  const fragments = fc.array(fc.tuple(payload, fc.boolean()), { minLength: 1, maxLength: 5 });
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 4000 }));
  await fc.assert(
    fc.asyncProperty(fragments, cuts, async (messages, sizes) => {
      await joined(async (client, server) => {
        messages.forEach(([bytes, pinged], k) => {
          server.send(bytes, { binary: true, fin: k === messages.length - 1 });
          if (pinged) server.ping(Buffer.from([k]));
        });
        server.close(1001, 'going away');
        // The server waits for our close, which never comes: all that it sends has been sent by now.
        const done = new Heard();
        for (let waited = 0; done.closed === undefined; waited++) {
          assert.ok(waited < 1000, 'the close frame never came');
          await new Promise((resolve) => setTimeout(resolve, 2));
          const fresh = new Heard();
          new WebSocketReader().push(client.received(), 0, client.received().length, fresh);
          done.closed = fresh.closed;
        }
        const bytes = client.received();
        const heard = new Heard();
        const reader = new WebSocketReader();
        for (let at = 0; at < bytes.length; ) {
          const end = Math.min(bytes.length, at + sizes.next().value);
          reader.push(bytes, at, end, heard);
          at = end;
        }
        assert.ok(heard.all.equals(Buffer.concat(messages.map(([sent]) => sent))));
        const pings = messages.flatMap(([, pinged], k) => (pinged ? [k] : []));
        assert.deepEqual(
          heard.pings,
          pings.map((k) => Buffer.from([k]).toString('hex')),
        );
        assert.deepEqual(heard.closed, [1001, 'going away']);
      });
    }),
    { numRuns: 25 },
  );
});

test('what a server must not send is refused with its reason', () => {
  const table: [string, number[], RegExp][] = [
    ['a masked frame', [0x82, 0x81, 1, 2, 3, 4, 5], /masked/],
    ['a text frame', [0x81, 0x01, 0x41], /text frame.*MQTT-6.0.0-1/],
    ['a reserved bit', [0xc2, 0x01, 0x41], /reserved bits/],
    ['a reserved opcode', [0x83, 0x00], /reserved opcode 3/],
    ['a continuation of nothing', [0x80, 0x00], /continuation of nothing/],
    ['a message in a message', [0x02, 0x01, 0x41, 0x82, 0x00], /inside another/],
    ['a ping in fragments', [0x09, 0x00], /in fragments/],
    ['a long ping', [0x89, 126, 0, 200], /more than 125/],
    ['a frame beyond all bounds', [0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0], /more than 2\^53/],
  ];
  for (const [what, bytes, message] of table) {
    assert.throws(
      () => new WebSocketReader().push(Uint8Array.from(bytes), 0, bytes.length, new Heard()),
      (error) => error instanceof WebSocketError && message.test(error.message),
      what,
    );
  }
});

test('an answer that is no agreement to the upgrade is refused with what it was', () => {
  const table: [string, RegExp][] = [
    ['HTTP/1.1 404 Not Found\r\n\r\n', /refuses the WebSocket upgrade: 404 Not Found/],
    ['\x20\x02\x00\x05', /answers a WebSocket upgrade with " \.\.\."/],
    ['HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n', /accept key is wrong/],
  ];
  for (const [answer, message] of table) {
    const bytes = Buffer.from(answer, 'latin1');
    assert.throws(
      () => new WebSocketUpgrade('/mqtt', 'h').push(bytes, bytes.length),
      (error) => error instanceof WebSocketError && message.test(error.message),
      answer,
    );
  }
});

test('a server that does not agree to the subprotocol does not speak MQTT', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    const upgrade = new WebSocketUpgrade('/mqtt', 'localhost');
    socket.write(upgrade.request);
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.throws(() => upgrade.push(bytes, bytes.length), /did not agree to the subprotocol/);
  } finally {
    socket.destroy();
    for (const client of server.clients) client.terminate();
    server.close();
  }
});
