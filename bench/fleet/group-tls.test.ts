import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { GroupIdentity, parseScenario } from '../scenario/mod.js';
import { FleetError } from './fleet-error.js';
import { GroupTls } from './group-tls.js';

/** The context of a device under these TLS settings. */
function contextOf(tls: string) {
  const scenario = parseScenario(
    `name: t
tls: { verify: false, minVersion: TLSv1.3, ${tls} }
groups: [{ name: g, count: 1 }]
phases: [{ name: r, kind: ramp }]
`,
    't.yaml',
  );
  const group = scenario.groups[0]!;
  return new GroupTls(scenario, group, new GroupIdentity(group, '0000', 1)).client(0, 'localhost')
    .context;
}

// First: what OpenSSL leaves in its queue of errors would be taken for one of an open connection.
test('an algorithm that OpenSSL does not know is refused by name', () => {
  for (const [tls, says] of [
    ['signatureAlgorithms: nonsense', /no signature algorithms 'nonsense'/],
    ['keyExchange: nonsense', /no groups 'nonsense'/],
  ] as const) {
    assert.throws(
      () => contextOf(tls),
      (error) => error instanceof FleetError && says.test(error.message),
    );
  }
});

test('a device offers the signature algorithms and groups that it is given, and no others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetgauge-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${keyFile} -out ${certFile}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const server = createServer({
    key: readFileSync(keyFile),
    cert: readFileSync(certFile),
    ecdhCurve: 'secp384r1',
  });
  const accepted = new Set<Socket>();
  server.on('connection', (socket: Socket) => accepted.add(socket));
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket) => socket.on('error', () => {}).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const handshake = async (tls: string): Promise<string> => {
    const secureContext = contextOf(tls);
    const socket = connect({ port, host: '127.0.0.1', secureContext, rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect');
      return 'done';
    } catch {
      return 'refused';
    } finally {
      socket.destroy();
    }
  };
  try {
    assert.equal(await handshake('keyExchange: x25519'), 'refused');
    assert.equal(await handshake('keyExchange: "x25519:secp384r1"'), 'done');
    assert.equal(await handshake('signatureAlgorithms: ed25519'), 'refused');
    assert.equal(await handshake('signatureAlgorithms: "ed25519:rsa_pss_rsae_sha256"'), 'done');
  } finally {
    for (const socket of accepted) socket.destroy();
    server.close();
    await once(server, 'close');
    rmSync(folder, { recursive: true });
  }
});
