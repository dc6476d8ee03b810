import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { describe, it } from 'node:test';
import { MCAST_DEFAULTS } from './mcast.js';
import { openMcastSocket } from './mcast-socket.js';
import { freePort } from './testing/free-port.js';

const listener = { received: () => {}, broken: (reason: string) => assert.fail(reason) };

describe('multicast socket', () => {
  it('has the ttl, loop, interface and buffers that it is told', async (t) => {
    const prototype = dgram.Socket.prototype;
    const ttl = t.mock.method(prototype, 'setMulticastTTL');
    const loop = t.mock.method(prototype, 'setMulticastLoopback');
    const iface = t.mock.method(prototype, 'setMulticastInterface');
    const join = t.mock.method(prototype, 'addMembership');
    const socket = await openMcastSocket(
      {
        ...MCAST_DEFAULTS,
        ports: [await freePort()],
        iface: '127.0.0.1',
        ttl: 7,
        loop: false,
        sendBufferBytes: 40_000,
        receiveBufferBytes: 50_000,
      },
      listener,
    );
    try {
      assert.deepEqual(ttl.mock.calls[0]?.arguments, [7]);
      assert.deepEqual(loop.mock.calls[0]?.arguments, [false]);
      assert.deepEqual(iface.mock.calls[0]?.arguments, ['127.0.0.1']);
      assert.deepEqual(join.mock.calls[0]?.arguments, ['239.192.0.1', '127.0.0.1']);
      const real = ttl.mock.calls[0]?.this as dgram.Socket;
      // Linux keeps twice what is asked for, for its own bookkeeping.
      assert.ok(real.getSendBufferSize() >= 40_000 && real.getSendBufferSize() <= 80_000);
      assert.ok(real.getRecvBufferSize() >= 50_000 && real.getRecvBufferSize() <= 100_000);
    } finally {
      socket.close();
    }
  });
});
