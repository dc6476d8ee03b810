import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Pair } from './pair.js';

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const SUBACK = Buffer.from([0x90, 3, 0, 1, 0]);
const isPublish = (bytes: Buffer): boolean => bytes[0]! >> 4 === 3;

test('a pair publishes nothing before it is told to, though its SUBACK comes last', async () => {
  const read: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (bytes: Buffer) => {
      read.push(bytes);
      if (bytes[0] === 0x10) socket.write(CONNACK);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pair = new Pair(0, {
    port,
    pairs: 1,
    qos: 0,
    payloadBytes: 16,
    window: 10,
    warmMs: 0,
    measureMs: 0,
  });
  try {
    const opened = pair.open();
    // CONNECT and SUBSCRIBE of the one, CONNECT of the other; each is a packet and a write of its own.
    while (read.length < 3) await turn();
    // The publisher has its CONNACK before the subscriber's answer is on its way.
    for (let turns = 0; turns < 20; turns++) await turn();
    sockets[0]!.write(SUBACK);
    await opened;
    for (let turns = 0; turns < 20; turns++) await turn();
    assert.equal(pair.published, 0);
    assert.equal(read.some(isPublish), false);
    pair.fill();
    while (!read.some(isPublish)) await turn();
    assert.equal(pair.published, 10);
  } finally {
    pair.close();
    server.close();
  }
});
