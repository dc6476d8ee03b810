import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { decode, encode, Framer, type Packet, ReasonCode } from '../../wire/mod.js';
import { HOST, type LinkEnd, LinkedNode } from '../testing/linked-node.js';
import { authOf, helloOf } from '../testing/simulated-peer.js';
import { freePort } from '../testing/test-cluster.js';
import { jsonPacket, LOG_TOPIC, replyPacket } from './calls.js';
import { COOKIE_METHOD, newNonce, proof } from './cookie-auth.js';
import type { Hello } from './hello.js';

/** What an impostor says, given the packets that came; nothing: it waits for more. */
type Script = (came: readonly Packet[]) => readonly Packet[];

/** Links a node to whoever follows the script; how that ends. */
async function linkTo(script: Script): Promise<{ end: LinkEnd; node: LinkedNode }> {
  const server = createServer((socket: Socket) => {
    const framer = new Framer(2 ** 28);
    framer.version = 5;
    const came: Packet[] = [];
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      framer.push(bytes, bytes.length, {
        frame: (frame, start, bodyStart, end) => {
          came.push(decode(frame, start, bodyStart, end, 5));
          for (const packet of script(came)) socket.write(encode(packet, 5));
          return true;
        },
      });
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen({ host: HOST, port }, resolve));
  const node = new LinkedNode('a@h');
  try {
    const end = node.nextEnd();
    node.links.want('b@h', { host: HOST, port });
    return { end: await end, node };
  } finally {
    await node.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

const B = newNonce();
const SUCCESS = { type: 'connack', sessionPresent: false, reasonCode: 0 } as const;

/** Asks as a node does, then says that it is `shown` with a proof by `cookie` for `proven`. */
function impostor(cookie: string, shown: Hello, proven = shown): Script {
  return (came) => {
    const [connect, auth] = came;
    if (connect?.type !== 'connect') return [];
    if (auth === undefined) return [authOf(B)];
    const a = connect.properties!.authenticationData!;
    const text = connect.properties!.userProperties![0]![1];
    const authenticationData = proof(cookie, 'server', a, B, text + JSON.stringify(proven));
    const userProperties: [string, string][] = [['hello', JSON.stringify(shown)]];
    return [
      {
        ...SUCCESS,
        properties: { authenticationMethod: COOKIE_METHOD, authenticationData, userProperties },
      },
    ];
  };
}

describe('a node that opens a link', () => {
  it('does not believe whoever cannot show the cookie, or says to be another than it proves', async () => {
    const b = helloOf('b@h');
    for (const script of [
      impostor('guess', b),
      impostor('secret', b, helloOf('c@h')),
      impostor('secret', helloOf('b@h', { guid: 'another start' }), b),
    ]) {
      const { end, node } = await linkTo(script);
      assert.deepEqual(end, { how: 'rejected', why: 'it does not know the cookie' });
      assert.deepEqual(node.opened, []);
    }
  });

  it('believes whoever can', async () => {
    const ending: Script = (came) => [
      ...impostor('secret', helloOf('b@h'))(came),
      ...(came.length === 2 ? [{ type: 'disconnect', reasonCode: 0x8b } as const] : []),
    ];
    const { end, node } = await linkTo(ending);
    assert.deepEqual(node.opened, ['b@h']);
    assert.deepEqual(end, { how: 'lost', why: 'the node has ended the link' });
  });

  it('gives its own proof to nobody who did not ask for it, and no other packet before', async () => {
    const early: Script = (came) => (came.length === 1 ? [{ ...SUCCESS, properties: {} }] : []);
    const seen: string[] = [];
    const { end, node } = await linkTo((came) => {
      seen.push(came.at(-1)!.type);
      return early(came);
    });
    assert.deepEqual(seen, ['connect']);
    assert.deepEqual(end, { how: 'lost', why: 'it has not shown the cookie' });
    assert.deepEqual(node.opened, []);
  });

  it('ends the link to whoever sends messages before it has shown the cookie', async () => {
    const broken: Packet = { ...jsonPacket(LOG_TOPIC, null), payload: Buffer.from('no JSON') };
    const short = replyPacket(Buffer.from([1]), null);
    for (const packet of [jsonPacket(LOG_TOPIC, { agent: 1 }), broken, short, jsonPacket('t', 1)]) {
      for (const before of [[], [authOf(B)]]) {
        const { end, node } = await linkTo((came) =>
          came.length === 1 ? [...before, packet] : [],
        );
        assert.match(end.why, /PUBLISH before it has shown the cookie/);
        assert.deepEqual([node.logged, node.opened], [[], []]);
      }
    }
  });

  it('says why it was refused', async () => {
    const refusing = (reasonCode: number, reasonString?: string): Script => {
      const properties = reasonString === undefined ? {} : { reasonString };
      return (came) => (came.length === 1 ? [authOf(B)] : [{ ...SUCCESS, reasonCode, properties }]);
    };
    const { end: cookie } = await linkTo(refusing(ReasonCode.NOT_AUTHORIZED));
    assert.deepEqual(cookie, { how: 'rejected', why: 'it has another cookie' });
    const { end: other } = await linkTo(refusing(0x83, 'node names must differ'));
    assert.deepEqual(other, { how: 'rejected', why: 'node names must differ' });
  });
});
