import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createDiscovery, type Discovery, DiscoveryError, type K8sOptions } from './mod.js';
import { ApiServer } from './testing/api-server.js';
import { TestAuthority } from './testing/certificates.js';
import { temporaryFolder } from './testing/folder.js';
import { freePort } from './testing/free-port.js';

const READY = [
  {
    addresses: [
      { ip: '10.1.2.4', hostname: 'emqx-1' },
      { ip: '10.1.2.3', hostname: 'emqx-0' },
    ],
    notReadyAddresses: [{ ip: '10.1.2.9', hostname: 'emqx-9' }],
    ports: [{ port: 1883, protocol: 'TCP' }],
  },
];

/** An HTTPS server that answers as the API server does; certificates by the openssl command. */
describe('k8s discovery asking an API server', () => {
  let remove = async () => {};
  let folder = '';
  let authority: TestAuthority;
  let api: ApiServer;
  let tokenFile = '';

  before(async () => {
    ({ folder, remove } = await temporaryFolder());
    authority = await TestAuthority.create(folder, 'ca');
    api = await ApiServer.start(await authority.issue('api', 'IP:127.0.0.1', 'DNS:localhost'));
    tokenFile = join(folder, 'token');
  });

  beforeEach(async () => {
    api.silent = false;
    api.tokens = new Set(['token-1']);
    api.forbidden = new Set();
    api.endpoints = new Map([['default/emqx', READY]]);
    api.seen.clear();
    await writeFile(tokenFile, 'token-1\n');
  });

  after(async () => {
    await api?.stop();
    await remove();
  });

  function discovery(options: Partial<K8sOptions> = {}): Discovery {
    const { certfile: caFile } = authority;
    return createDiscovery(
      { strategy: 'k8s', apiserver: api.url, tokenFile, caFile, timeoutMs: 5000, ...options },
      {
        self: 'emqx@10.1.2.3',
        clusterName: 'emqxcl',
        cookie: 'secret',
        warn: (line) => assert.fail(line),
      },
    );
  }

  async function fails(options: Partial<K8sOptions>, code: string, says: RegExp): Promise<void> {
    const error = await discovery(options)
      .discover()
      .then(
        (nodes) => assert.fail(`found ${nodes.join()}`),
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof DiscoveryError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    assert.ok(!error.message.includes('\n') && !error.message.includes('token-1'), error.message);
  }

  it('makes nodes of the ready addresses', async () => {
    assert.deepEqual(await discovery().discover(), ['emqx@10.1.2.3', 'emqx@10.1.2.4']);
    assert.deepEqual([...api.seen], [['token-1', 1]]);
  });

  it('sees an address become ready', async () => {
    const k8s = discovery();
    assert.equal((await k8s.discover()).length, 2);
    api.endpoints.set('default/emqx', [
      { addresses: [...READY[0]!.addresses, ...READY[0]!.notReadyAddresses] },
    ]);
    assert.ok((await k8s.discover()).includes('emqx@10.1.2.9'));
  });

  it('asks for the service and namespace it is told, and names by hostname with the suffix', async () => {
    api.endpoints.set('iot/broker', READY);
    const options = { namespace: 'iot', serviceName: 'broker', suffix: 'svc.cluster.local' };
    const nodes = await discovery({ ...options, addressType: 'hostname' }).discover();
    assert.deepEqual(nodes, [
      'emqx@emqx-0.broker.iot.svc.cluster.local',
      'emqx@emqx-1.broker.iot.svc.cluster.local',
    ]);
  });

  it('names by dns with the default suffix', async () => {
    const nodes = await discovery({ addressType: 'dns' }).discover();
    assert.deepEqual(nodes, ['emqx@10-1-2-3.default.pod.local', 'emqx@10-1-2-4.default.pod.local']);
  });

  it('reads the token anew each time', async () => {
    const k8s = discovery();
    await k8s.discover();
    api.tokens = new Set(['token-2']);
    await assert.rejects(k8s.discover(), { code: 'K8S_UNAUTHORIZED' });
    await writeFile(tokenFile, 'token-2');
    assert.equal((await k8s.discover()).length, 2);
    assert.deepEqual([...api.seen.keys()], ['token-1', 'token-2']);
  });

  it('reads the CA certificate anew each time', async () => {
    const caFile = join(folder, 'mounted-ca.crt');
    const other = await TestAuthority.create(folder, 'other-ca');
    await writeFile(caFile, await readFile(other.certfile));
    const k8s = discovery({ caFile });
    await assert.rejects(k8s.discover(), { code: 'K8S_TLS' });
    await writeFile(caFile, await readFile(authority.certfile));
    assert.equal((await k8s.discover()).length, 2);
  });

  it('says so when the token is not accepted', async () => {
    api.tokens.clear();
    await fails({}, 'K8S_UNAUTHORIZED', /401: Unauthorized/);
  });

  it('says what the API server says when reading is forbidden, and what to do', async () => {
    api.forbidden.add('token-1');
    const says =
      /namespace default \(403: endpoints "emqx" is forbidden: User .*\): give it a Role/;
    await fails({}, 'K8S_FORBIDDEN', says);
  });

  it('says so when there is no such service', async () => {
    await fails({ serviceName: 'absent' }, 'K8S_NO_SERVICE', /absent.*cluster\.k8s\.service_name/);
  });

  it('gives its token to no server whose certificate the CA has not signed', async () => {
    const stranger = await TestAuthority.create(folder, 'stranger');
    await fails({ caFile: stranger.certfile }, 'K8S_TLS', /stranger\.crt/);
    assert.equal(api.seen.size, 0);
  });

  it('gives its token to no server whose certificate is for another host', async () => {
    const other = await ApiServer.start(await authority.issue('other', 'DNS:other.example'));
    try {
      await fails({ apiserver: other.url }, 'K8S_TLS', /altnames/);
      assert.equal(other.seen.size, 0);
    } finally {
      await other.stop();
    }
  });

  it('gives its token to nobody over plain HTTP, but asks', async () => {
    let authorization: string | undefined = 'none asked';
    const proxy = createHttpServer((request, response) => {
      authorization = request.headers.authorization;
      response.end(JSON.stringify({ kind: 'Endpoints', subsets: READY }));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    try {
      const k8s = discovery({ apiserver: `http://127.0.0.1:${port}/` });
      assert.equal((await k8s.discover()).length, 2);
      assert.equal(authorization, undefined);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it('says so when what listens does not speak TLS', async () => {
    const plain = createHttpServer();
    const port = await freePort();
    await new Promise<void>((resolve) => plain.listen(port, '127.0.0.1', resolve));
    try {
      await fails({ apiserver: `https://127.0.0.1:${port}` }, 'K8S_TLS', /no TLS connection/);
    } finally {
      plain.closeAllConnections();
      plain.close();
    }
  });

  it('says so when no answer comes in time', async () => {
    api.silent = true;
    await fails({ timeoutMs: 200 }, 'K8S_TIMEOUT', /within 200 ms/);
  });

  it('says so when nobody listens', async () => {
    const apiserver = `https://127.0.0.1:${await freePort()}`;
    await fails({ apiserver }, 'K8S_UNREACHABLE', /ECONNREFUSED/);
  });

  it('says so when there is no service account', async () => {
    const missing = join(folder, 'no-such-token');
    await fails({ tokenFile: missing }, 'K8S_NO_SERVICE_ACCOUNT', /token.*no-such-token/);
  });

  it('refuses an apiserver that is no URL', () => {
    for (const apiserver of ['kubernetes.default.svc', 'ftp://a']) {
      assert.throws(() => discovery({ apiserver }), { code: 'BAD_CONFIG' });
    }
  });
});
