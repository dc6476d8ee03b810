import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { before, describe, it } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import {
  type CookieCertificates,
  cookieCertificates,
  type Identity,
} from './cookie-certificates.js';

const HOST = '127.0.0.1';
const authorityOf = ({ ca }: Identity): X509Certificate => new X509Certificate(ca);

/** Whether both take each other for one of theirs, as etcd asks of both. */
async function meet(server: Identity, client: Partial<Identity>): Promise<boolean> {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: true });
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, HOST);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  let socket: TLSSocket | undefined;
  try {
    listener.on('secureConnection', (peer) => peer.end('welcome'));
    socket = connect({ host: HOST, port, ...client });
    const ended = once(socket, 'close').then(() => ['closed']);
    const [text] = await Promise.race([once(socket, 'data'), ended]);
    return String(text) === 'welcome';
  } catch {
    return false;
  } finally {
    socket?.destroy();
    listener.close();
  }
}

describe('certificates that follow from the cookie', () => {
  const made = new Map<string, CookieCertificates>();
  const of = (name: string): CookieCertificates => made.get(name) as CookieCertificates;
  before(async () => {
    const cookie = 'a long random text';
    made.set('one', await cookieCertificates({ cookie, cluster: 'c', host: HOST }));
    made.set('same', await cookieCertificates({ cookie, cluster: 'c', host: HOST }));
    made.set('named', await cookieCertificates({ cookie, cluster: 'c', host: 'core.example' }));
    made.set('other cluster', await cookieCertificates({ cookie, cluster: 'd', host: HOST }));
    made.set('other cookie', await cookieCertificates({ cookie: 'x', cluster: 'c', host: HOST }));
  });

  it('let nodes of one cookie and cluster know each other, that never met', async () => {
    assert.ok(await meet(of('one').server, of('same').client));
    assert.ok(await meet(of('same').server, of('one').client));
    // A member is a client of the other members.
    assert.ok(await meet(of('one').server, of('same').server));
  });

  for (const other of ['other cluster', 'other cookie']) {
    it(`keep out who has those of the ${other}`, async () => {
      const { ca } = of('one').server;
      assert.equal(await meet(of('one').server, of(other).client), false);
      // Also who trusts the server, and where the server would trust anybody.
      assert.equal(await meet(of('one').server, { ...of(other).client, ca }), false);
      assert.equal(await meet(of(other).server, of('one').client), false);
    });
  }

  it('keep out who has none, and servers that pose as another host or are clients only', async () => {
    const { ca } = of('one').server;
    assert.equal(await meet(of('one').server, { ca }), false);
    assert.equal(await meet(of('named').server, of('one').client), false);
    assert.equal(await meet(of('one').client, of('same').client), false);
  });

  it('have one authority with a key that the cookie alone decides, and each a key of its own', () => {
    const [one, same] = [of('one'), of('same')];
    const keyOf = (pem: Buffer): string =>
      new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    assert.equal(keyOf(one.server.ca), keyOf(same.server.ca));
    assert.notEqual(keyOf(one.server.ca), keyOf(of('other cookie').server.ca));
    const own = [one.server, one.client, same.server, same.client].map(({ cert }) => keyOf(cert));
    assert.equal(new Set(own).size, 4);
    assert.equal(authorityOf(one.server).subject, authorityOf(of('other cluster').server).subject);
  });

  it('hold on a machine whose clock is years off', () => {
    for (const pem of [of('one').server.ca, of('one').server.cert]) {
      const { validFrom, validTo } = new X509Certificate(pem);
      assert.ok(new Date(validFrom).getUTCFullYear() <= 2000, validFrom);
      assert.ok(new Date(validTo).getUTCFullYear() >= 9999, validTo);
    }
  });
});
