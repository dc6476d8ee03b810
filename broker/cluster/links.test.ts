import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import { SimulatedNode } from '../testing/simulation.js';
import { until } from '../testing/test-cluster.js';
import { freePort } from './discovery/testing/free-port.js';
import { Links } from './links.js';

it('a link that is not wanted any more says nothing of the one that is wanted instead', async () => {
  // Takes connections and says nothing; the second one is for the link that is wanted now.
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.resume()));
  const said: string[] = [];
  const links = new Links({
    node: new SimulatedNode().node,
    cookie: 'secret',
    now: () => 0,
    hello: () => ({ name: 'a@b', guid: '1', role: 'core', cluster: 'test', protocol: 1 }),
    logged: () => undefined,
    opened: () => undefined,
    closed: (name, how) => said.push(`closed ${name} ${how}`),
    over: () => said.push('over'),
  });
  try {
    const address = { host: '127.0.0.1', port };
    links.want('other@host', address);
    await until(() => sockets.length === 1);
    links.unwant('other@host');
    links.want('other@host', address);
    await until(() => sockets.length === 2);
    sockets[0]!.destroy();
    await until(() => said.length > 0);
    assert.deepEqual(said, ['over']);
    sockets[1]!.destroy();
    await until(() => said.length === 3);
    assert.deepEqual(said.slice(1), ['over', 'closed other@host lost']);
  } finally {
    links.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
