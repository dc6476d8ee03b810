import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, it } from 'node:test';
import {
  dialLine,
  EmbeddedStore,
  keyOfSecret,
  type LineServer,
  listenForLines,
  RemoteStore,
  ServedStore,
  type StoreRequest,
} from './mod.js';
import { put, storeContract } from './testing/contract.js';

const KEY = keyOfSecret('a secret that both sides know');
const HERE = { host: '127.0.0.1', port: 0 };
const servers: LineServer[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A store and who is turned away from it. */
async function serve(store: EmbeddedStore): Promise<{ port: number; refused: string[] }> {
  const refused: string[] = [];
  const server = await listenForLines(
    HERE,
    KEY,
    (line) => {
      const served = new ServedStore(store, line);
      line.onMessage = ({ head }) => served.serve(head as StoreRequest);
      line.onClose = () => served.end();
    },
    (peer) => refused.push(peer),
  );
  servers.push(server);
  return { port: server.port, refused };
}

async function dial(port: number): Promise<RemoteStore> {
  const line = await dialLine({ host: '127.0.0.1', port }, KEY);
  const store = new RemoteStore(line);
  line.onMessage = (message) => store.take(message);
  line.onClose = (why) => store.lineClosed(why);
  return store;
}

let port = 0;
storeContract('embedded, served to another process', {
  runs: 30,
  async open() {
    ({ port } = await serve(new EmbeddedStore()));
    return dial(port);
  },
  other: () => dial(port),
});

describe('a served store', () => {
  it('gives nothing to whoever has another secret, and says so', async () => {
    const { port, refused } = await serve(new EmbeddedStore());
    await assert.rejects(
      dialLine({ host: '127.0.0.1', port }, keyOfSecret('another secret')),
      (error: Error) =>
        'code' in error && error.code === 'DENIED' && /another secret/.test(error.message),
    );
    assert.deepEqual(refused, ['127.0.0.1']);
  });

  it('gives nothing to whoever speaks in the clear', async () => {
    const { port, refused } = await serve(new EmbeddedStore());
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.write('{"store":1,"op":"read","prefix":""}\n'.repeat(10));
    await once(socket, 'close');
    assert.ok(!heard.includes('entries'), heard);
    assert.equal(refused.length, 1);
  });

  it('ends the leases of a broken line after their time, and its entries with them', async () => {
    const store = new EmbeddedStore();
    const { port } = await serve(store);
    const line = await dialLine({ host: '127.0.0.1', port }, KEY);
    const remote = new RemoteStore(line);
    line.onMessage = (message) => remote.take(message);
    line.onClose = (why) => remote.lineClosed(why);
    let lost = 0;
    const lease = await remote.lease(50, () => lost++);
    await remote.commit([put('k', 'v', lease.id)]);
    const { revision } = await store.read('');
    const gone = new Promise<void>((resolve) => {
      store.watch('k', revision + 1, { changes: () => resolve(), compacted: () => undefined });
    });
    line.close();
    await gone;
    assert.equal(lost, 1);
    await assert.rejects(remote.read(''), /cannot be reached/);
    await store.close();
  });
});
