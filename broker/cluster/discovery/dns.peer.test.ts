import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createDiscovery, type Discovery, DiscoveryError, type DnsOptions } from './mod.js';
import { temporaryFolder } from './testing/folder.js';
import { freePort } from './testing/free-port.js';
import { eventually, PeerProcess } from './testing/peer-process.js';

const HOSTS = `10.1.0.1 nodes.test
10.1.0.2 nodes.test
fd00:1::1 nodes.test
fd00:1::2 nodes.test
10.1.0.9 four.nodes.test
`;

/** Debian's dnsmasq (package dnsmasq-base) as the name server. */
describe('dns discovery asking dnsmasq', () => {
  const servers: PeerProcess[] = [];
  const upstreams: Socket[] = [];
  let hostsFile = '';
  let remove = async () => {};
  let main = 0;

  before(async () => {
    const { folder, remove: removeFolder } = await temporaryFolder();
    remove = removeFolder;
    // dnsmasq, started by root, becomes somebody else and must be able to read it.
    await chmod(folder, 0o755);
    hostsFile = join(folder, 'hosts');
    await writeFile(hostsFile, HOSTS);
    // servfail.test and silent.test are asked of servers behind dnsmasq; it answers what they answer.
    const servfail = await upstream((query, answer) => {
      const reply = Buffer.from(query);
      reply[2]! |= 0x80;
      reply[3] = (reply[3]! & 0xf0) | 2;
      answer(reply);
    });
    const silent = await upstream(() => {});
    main = await startDnsmasq(
      `--server=/servfail.test/127.0.0.1#${servfail}`,
      `--server=/silent.test/127.0.0.1#${silent}`,
      '--srv-host=_mqtt._tcp.nodes.test,N1.nodes.test,1883,10,5',
      '--srv-host=_mqtt._tcp.nodes.test,n2.nodes.test,1883,0,5',
      '--srv-host=_none._tcp.nodes.test',
    );
  });

  after(async () => {
    for (const server of servers) await server.kill();
    for (const socket of upstreams) socket.close();
    await remove();
  });

  async function startDnsmasq(...args: string[]): Promise<number> {
    const port = await freePort();
    await startDnsmasqOn(port, ...args);
    return port;
  }

  async function startDnsmasqOn(port: number, ...args: string[]): Promise<void> {
    const server = new PeerProcess('dnsmasq-base', 'dnsmasq', [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--no-resolv'],
      ...['--no-hosts', '--log-facility=-', `--addn-hosts=${hostsFile}`, '--local=/nodes.test/'],
      ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`, ...args],
    ]);
    servers.push(server);
    await server.ready(() => discovery({ name: 'four.nodes.test' }, port).discover());
  }

  async function upstream(
    react: (query: Buffer, answer: (reply: Buffer) => void) => void,
  ): Promise<number> {
    const socket = createSocket('udp4');
    upstreams.push(socket);
    socket.on('message', (query, { port, address }) => {
      react(query, (reply) => socket.send(reply, port, address));
    });
    const port = await freePort();
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return port;
  }

  function discovery(options: Partial<DnsOptions>, port = main): Discovery {
    return createDiscovery(
      {
        strategy: 'dns',
        name: 'nodes.test',
        servers: [`127.0.0.1:${port}`],
        timeoutMs: 500,
        tries: 1,
        ...options,
      },
      {
        self: 'emqx@10.1.0.1',
        clusterName: 'emqxcl',
        cookie: 'secret',
        warn: (line) => assert.fail(line),
      },
    );
  }

  async function fails(options: Partial<DnsOptions>, code: string, port?: number): Promise<string> {
    const error = await discovery(options, port)
      .discover()
      .then(
        (nodes) => assert.fail(`found ${nodes.join()}`),
        (reason: unknown) => reason,
      );
    assert.ok(error instanceof DiscoveryError, String(error));
    assert.equal(error.code, code);
    assert.ok(!error.message.includes('\n'));
    return error.message;
  }

  it('makes a node of each A record', async () => {
    assert.deepEqual(await discovery({}).discover(), ['emqx@10.1.0.1', 'emqx@10.1.0.2']);
  });

  it('makes a node of each AAAA record', async () => {
    const nodes = await discovery({ recordType: 'aaaa' }).discover();
    assert.deepEqual(nodes, ['emqx@fd00:1::1', 'emqx@fd00:1::2']);
  });

  it('makes a node of each SRV record’s target', async () => {
    const name = '_mqtt._tcp.nodes.test';
    const nodes = await discovery({ recordType: 'srv', name }).discover();
    assert.deepEqual(nodes, ['emqx@n1.nodes.test', 'emqx@n2.nodes.test']);
  });

  it('finds nobody where there is no such name, no record of the type, or no service', async () => {
    assert.deepEqual(await discovery({ name: 'absent.nodes.test' }).discover(), []);
    assert.deepEqual(
      await discovery({ name: 'four.nodes.test', recordType: 'aaaa' }).discover(),
      [],
    );
    const none = { name: '_none._tcp.nodes.test', recordType: 'srv' } as const;
    assert.deepEqual(await discovery(none).discover(), []);
  });

  it('sees records change', async () => {
    const dns = discovery({});
    assert.equal((await dns.discover()).length, 2);
    await writeFile(
      hostsFile,
      '10.1.0.2 nodes.test\n10.1.0.3 nodes.test\n10.1.0.9 four.nodes.test\n',
    );
    servers[0]!.signal('SIGHUP');
    await eventually(async () => {
      assert.deepEqual(await dns.discover(), ['emqx@10.1.0.2', 'emqx@10.1.0.3']);
    });
  });

  it('says so when the server cannot find out', async () => {
    const line = await fails({ name: 'a.servfail.test' }, 'DNS_SERVFAIL');
    assert.match(line, /A records of a\.servfail\.test.*127\.0\.0\.1/);
  });

  it('says so when no answer comes', async () => {
    const line = await fails({ name: 'a.silent.test', recordType: 'srv' }, 'DNS_TIMEOUT');
    assert.match(line, /SRV records of a\.silent\.test: no answer/);
  });

  it('says so when nothing listens there', async () => {
    await fails({}, 'DNS_UNREACHABLE', await freePort());
  });

  it('says so when the server is not meant for the name', async () => {
    await fails({ name: 'not.served.example' }, 'DNS_REFUSED');
  });

  it('says so when the name is none', async () => {
    assert.match(await fails({ name: 'a..b' }, 'BAD_CONFIG'), /cluster\.dns\.name/);
  });

  it('answers after the server was away, with the SRV records that it has then', async () => {
    const name = '_mqtt._tcp.nodes.test';
    const port = await startDnsmasq(`--srv-host=${name},n1.nodes.test,1883`);
    const dns = discovery({ name, recordType: 'srv' }, port);
    assert.deepEqual(await dns.discover(), ['emqx@n1.nodes.test']);
    await servers.at(-1)!.kill();
    await assert.rejects(dns.discover(), { code: 'DNS_UNREACHABLE' });
    await startDnsmasqOn(port, `--srv-host=${name},n3.nodes.test,1883`);
    assert.deepEqual(await dns.discover(), ['emqx@n3.nodes.test']);
  });

  it('gives up a question when it is stopped', async () => {
    const dns = discovery({ name: 'a.silent.test', timeoutMs: 20_000 });
    const rejected = assert.rejects(dns.discover(), { code: 'STOPPED' });
    await new Promise((resolve) => setImmediate(resolve));
    await dns.stop();
    await rejected;
  });
});
