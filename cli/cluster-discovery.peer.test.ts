import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Etcd3 } from 'etcd3';
import mqtt from 'mqtt';
import { ApiServer } from '../broker/cluster/discovery/testing/api-server.js';
import { TestAuthority } from '../broker/cluster/discovery/testing/certificates.js';
import { EtcdServer } from '../broker/cluster/discovery/testing/etcd-server.js';
import { temporaryFolder } from '../broker/cluster/discovery/testing/folder.js';
import { eventually, PeerProcess } from '../broker/cluster/discovery/testing/peer-process.js';
import { type Host, Hosts } from '../broker/testing/hosts.js';
import { NodesApart, ownLoopback, type Place } from './testing/nodes-apart.js';

/** More than a turn of the loop. */
const TURN_MS = 9000;

const REPLICANT = { 'node.role': 'replicant' };

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Nodes `emqx1@`, `emqx2@`, … on loopback addresses, by these keys. */
function onLoopback(...keys: string[]): Record<string, Place> {
  const network = ownLoopback();
  return Object.fromEntries(
    keys.map((key, index) => {
      const host = `${network}.${index + 1}`;
      const settings = key.startsWith('r') ? REPLICANT : {};
      return [key, { name: `emqx${index + 1}@${host}`, host, settings }];
    }),
  );
}

async function withHosts(hosts: Hosts, work: (hosts: Hosts) => Promise<void>): Promise<void> {
  try {
    await work(hosts);
  } finally {
    await hosts.remove();
  }
}

function placeOn(hosts: Hosts, host: Host, settings: Record<string, string> = {}): Place {
  const { address } = host;
  return { name: `emqx@${address}`, host: address, launcher: hosts.on(host), settings };
}

function client({ host }: Place): Promise<mqtt.MqttClient> {
  const options = { reconnectPeriod: 0, connectTimeout: 10_000 };
  return mqtt.connectAsync(`mqtt://${host}:1883`, options);
}

function next(subscriber: mqtt.MqttClient): Promise<string> {
  return new Promise((resolve) => {
    subscriber.once('message', (_topic, payload) => resolve(payload.toString()));
  });
}

/** A message from one node's client to another's. */
async function carries(from: Place, to: Place): Promise<void> {
  const [publisher, subscriber] = await Promise.all([client(from), client(to)]);
  try {
    await subscriber.subscribeAsync('across', { qos: 1 });
    const arrived = next(subscriber);
    // The other node follows the route within milliseconds.
    await eventually(async () => {
      await publisher.publishAsync('across', 'here', { qos: 1 });
      assert.equal(await Promise.race([arrived, pass(500)]), 'here');
    });
  } finally {
    await Promise.all([publisher.endAsync(true), subscriber.endAsync(true)]);
  }
}

/** What a node says is said once. */
function saysNothingTwice(nodes: NodesApart, key: string): void {
  const lines = nodes.saidBy(key, /./).map((line) => line.replace(/^\S+ /, ''));
  const twice = lines.filter((line, index) => lines.indexOf(line) !== index);
  assert.deepEqual(twice, [], `${key} repeats itself`);
}

describe('nodes that find each other', { concurrency: 3 }, () => {
  it('static: three cores and a replicant become one cluster, though a seed is missing; one that was killed comes back', () => {
    const places = onLoopback('c1', 'c2', 'c3', 'r1', 'missing');
    const { r1, ...cores } = places as Record<'c1' | 'c2' | 'c3' | 'r1' | 'missing', Place>;
    const seeds = JSON.stringify(Object.values(cores).map(({ name }) => name));
    const settings = { 'cluster.discovery_strategy': 'static', 'cluster.static.seeds': seeds };
    return NodesApart.with(places, settings, async (nodes) => {
      await nodes.start('c1', 'c2', 'c3', 'r1');
      const all = ['c1', 'c2', 'c3', 'r1'];
      await nodes.see('c1,c2,c3,r1', ...all);
      await carries(r1, cores.c3);
      for (const key of all) saysNothingTwice(nodes, key);
      await nodes.end('kill', 'c1');
      await nodes.see('c2,c3,r1 stopped c1', 'c2', 'c3', 'r1');
      await nodes.start('c1');
      await nodes.see('c1,c2,c3,r1', ...all);
      await carries(cores.c1, r1);
    });
  });

  it('static: a core that was told to leave stays alone until it is started again; who has another cookie is said', () => {
    const places = onLoopback('c1', 'c2', 'stranger');
    Object.assign(places.stranger as Place, { settings: { 'node.cookie': 'another' } });
    const seeds = Object.values(places).map(({ name }) => name);
    const settings = {
      'cluster.discovery_strategy': 'static',
      'cluster.static.seeds': JSON.stringify(seeds),
    };
    return NodesApart.with(places, settings, async (nodes) => {
      await nodes.start('c1', 'c2', 'stranger');
      await nodes.see('c1,c2', 'c1', 'c2');
      assert.equal(await nodes.status('stranger'), 'stranger');
      assert.equal((await nodes.ctl('c2', 'cluster', 'leave')).exit, 0);
      await pass(TURN_MS);
      assert.deepEqual([await nodes.status('c1'), await nodes.status('c2')], ['c1', 'c2']);
      for (const key of ['c1', 'stranger']) saysNothingTwice(nodes, key);
      const [said] = nodes.saidBy('c1', /cluster discovery: 'emqx3@[\d.]+': it has another cookie/);
      assert.ok(said !== undefined);
      await nodes.end('stop', 'c2');
      await nodes.start('c2');
      await nodes.see('c1,c2', 'c1', 'c2');
    });
  });

  it('static: a cluster that is started after a new node keeps what it has, and the new node joins it', () => {
    const places = onLoopback('c1', 'c2', 'c3') as Record<'c1' | 'c2' | 'c3', Place>;
    const seeds = Object.values(places).map(({ name }) => name);
    const settings = {
      'cluster.discovery_strategy': 'static',
      'cluster.static.seeds': JSON.stringify(seeds),
    };
    return NodesApart.with(places, settings, async (nodes) => {
      await nodes.start('c1', 'c2');
      await nodes.see('c1,c2', 'c1', 'c2');
      const publisher = await client(places.c1);
      await publisher.publishAsync('kept', 'here', { retain: true, qos: 1 });
      await publisher.endAsync(true);
      await nodes.end('stop', 'c1', 'c2');
      await nodes.start('c3');
      await nodes.start('c1', 'c2');
      await nodes.see('c1,c2,c3', 'c1', 'c2', 'c3');
      // A node shows it before it says it.
      await eventually(async () =>
        assert.equal(nodes.saidBy('c3', /has joined the cluster of/).length, 1),
      );
      const subscriber = await client(places.c3);
      const kept = next(subscriber);
      await subscriber.subscribeAsync('kept', { qos: 1 });
      assert.equal(await Promise.race([kept, pass(5000)]), 'here');
      await subscriber.endAsync(true);
    });
  });

  it('mcast: two cores and a replicant, each on a machine of its own; another cookie is not seen', async () =>
    withHosts(await Hosts.create(4), (hosts) => {
      const keys = ['c1', 'c2', 'r1', 'stranger'];
      const own: Record<string, Record<string, string>> = {
        r1: REPLICANT,
        stranger: { 'node.cookie': 'another' },
      };
      const places = Object.fromEntries(
        hosts.all.map((host, index) => {
          const key = keys[index] as string;
          const mcast = { 'cluster.mcast.iface': host.address };
          return [key, placeOn(hosts, host, { ...mcast, ...own[key] })];
        }),
      );
      const settings = {
        'cluster.discovery_strategy': 'mcast',
      };
      return NodesApart.with(places, settings, async (nodes) => {
        await nodes.start('c1', 'c2', 'r1', 'stranger');
        await nodes.see('c1,c2,r1', 'c1', 'c2', 'r1');
        assert.equal(await nodes.status('stranger'), 'stranger');
        await carries(places.r1 as Place, places.c2 as Place);
        for (const key of keys) saysNothingTwice(nodes, key);
      });
    }));

  it('dns: the nodes of A records, with managed etcd, though the first is missing; and those of SRV records', async () =>
    withHosts(await Hosts.create(6), async (hosts) => {
      const [server, ...others] = hosts.all as [Host, ...Host[]];
      const [a1, a2, a3, s1, s2] = others as [Host, Host, Host, Host, Host];
      const { folder, remove } = await temporaryFolder();
      const resolvConf = join(folder, 'resolv.conf');
      await writeFile(resolvConf, `nameserver ${server.address}\n`);
      const dnsmasq = new PeerProcess('dnsmasq-base', hosts.on(server)[0] as string, [
        ...hosts.on(server).slice(1),
        ...['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--pid-file='],
        ...['--no-resolv', '--no-hosts', '--log-facility=-', '--local=/nodes.test/'],
        // Of the first no node will ever come.
        ...[server, a1, a2].map(({ address }) => `--host-record=a.nodes.test,${address}`),
        ...[s1, s2].map(({ address }, n) => `--host-record=n${n + 1}.nodes.test,${address}`),
        ...[1, 2].map((n) => `--srv-host=_mqtt._tcp.nodes.test,n${n}.nodes.test,1883`),
      ]);
      const resolver = new Resolver({ timeout: 1000, tries: 1 });
      resolver.setServers([server.address]);
      /** With the name server as the machine's. */
      const place = (host: Host, at = host.address): Place => ({
        ...placeOn(hosts, host),
        name: `emqx@${at}`,
        launcher: [...hosts.on(host), ...mounting(`--bind ${resolvConf} /etc/resolv.conf`)],
      });
      const byAddress = {
        c1: place(a1),
        c2: place(a2),
        r1: { ...place(a3), settings: REPLICANT },
      };
      const byName = { c1: place(s1, 'n1.nodes.test'), c2: place(s2, 'n2.nodes.test') };
      const dns = { 'cluster.discovery_strategy': 'dns' };
      try {
        await dnsmasq.ready(() => resolver.resolve4('a.nodes.test'));
        await Promise.all([
          NodesApart.with(
            byAddress,
            { ...dns, 'cluster.dns.name': 'a.nodes.test', 'cluster.store.engine': 'managed' },
            async (nodes) => {
              await nodes.start('c1', 'c2', 'r1');
              await nodes.see('c1,c2,r1', 'c1', 'c2', 'r1');
              await carries(byAddress.c1, byAddress.r1);
            },
          ),
          NodesApart.with(
            byName,
            {
              ...dns,
              'cluster.dns.name': '_mqtt._tcp.nodes.test',
              'cluster.dns.record_type': 'srv',
            },
            async (nodes) => {
              await nodes.start('c1', 'c2');
              await nodes.see('c1,c2', 'c1', 'c2');
              await carries(byName.c1, byName.c2);
            },
          ),
        ]);
      } finally {
        await dnsmasq.kill();
        await remove();
      }
    }));

  it('etcd: cores that each began a database of their own are one under the lock; who stops or dies leaves the register', async () => {
    const { folder, remove } = await temporaryFolder();
    const etcd = await EtcdServer.create(folder, 'register');
    await etcd.start();
    const client = new Etcd3({ hosts: etcd.url });
    const register = async (): Promise<string> =>
      Object.values(await client.getAll().prefix('emqxcl/ekkacl/nodes/').strings())
        .map((name) => name.replace(/@.*/, ''))
        .sort()
        .join();
    const settings = {
      'cluster.discovery_strategy': 'etcd',
      'cluster.etcd.server': etcd.url,
      'cluster.store.engine': 'managed',
    };
    const held = client.lease(5);
    try {
      await held.put('emqxcl/ekkacl/lock/').value('somebody');
      await NodesApart.with(onLoopback('c1', 'c2', 'c3'), settings, async (nodes) => {
        await nodes.start('c1', 'c2', 'c3');
        await pass(1500);
        assert.equal(await register(), '');
        assert.equal(await nodes.status('c2'), 'c2');
        await held.revoke();
        await nodes.see('c1,c2,c3', 'c1', 'c2', 'c3');
        await eventually(async () => assert.equal(await register(), 'emqx1,emqx2,emqx3'));
        await nodes.end('stop', 'c3');
        assert.equal(await register(), 'emqx1,emqx2');
        await nodes.start('c3');
        await nodes.see('c1,c2,c3', 'c1', 'c2', 'c3');
        await eventually(async () => assert.equal(await register(), 'emqx1,emqx2,emqx3'));
        await nodes.end('kill', 'c2');
        await eventually(async () => assert.equal(await register(), 'emqx1,emqx3'), 8000);
        for (const key of ['c1', 'c3']) saysNothingTwice(nodes, key);
      });
    } finally {
      client.close();
      await etcd.kill();
      await remove();
    }
  });

  it('k8s: pods become ready one after the other; a token and a CA that are put right are taken', async () => {
    const { folder, remove } = await temporaryFolder();
    const [authority, other] = await Promise.all([
      TestAuthority.create(folder, 'ca'),
      TestAuthority.create(folder, 'other'),
    ]);
    const api = await ApiServer.start(await authority.issue('api', 'IP:127.0.0.1'));
    /** A pod’s service account: the folder that its node finds it in. */
    const account = async (key: string, token: string, ca = authority): Promise<void> => {
      await mkdir(join(folder, key), { recursive: true });
      await writeFile(join(folder, key, 'token'), token);
      await copyFile(ca.certfile, join(folder, key, 'ca.crt'));
    };
    const network = ownLoopback();
    const pod = (key: string, index: number): Place => {
      const host = `${network}.${index + 1}`;
      const at = '/run/secrets/kubernetes.io/serviceaccount';
      const own = `-o bind,X-mount.mkdir ${join(folder, key)} ${at}`;
      const launcher = ['unshare', '--mount', ...mounting('-t tmpfs tmpfs /run', own)];
      return { name: `emqx@${host}`, host, launcher };
    };
    const keys = ['c1', 'c2', 'c3'];
    const places = Object.fromEntries(keys.map((key, index) => [key, pod(key, index)]));
    const ready = (...list: string[]): void => {
      const addresses = list.map((key) => ({ ip: places[key]?.host }));
      api.endpoints.set('mqtt/brokers', [{ addresses }]);
    };
    const settings = {
      'cluster.discovery_strategy': 'k8s',
      'cluster.k8s.apiserver': api.url,
      'cluster.k8s.service_name': 'brokers',
      'cluster.k8s.namespace': 'mqtt',
    };
    try {
      api.tokens = new Set(['good']);
      ready('c1');
      await Promise.all([
        account('c1', 'good'),
        account('c2', 'expired'),
        account('c3', 'good', other),
      ]);
      await NodesApart.with(places, settings, async (nodes) => {
        const complaints = (): number[] => [
          nodes.saidBy('c1', /cluster discovery/).length,
          nodes.saidBy('c2', /does not accept the service account's token \(401/).length,
          nodes.saidBy('c3', /no TLS connection to .* signed by the CA in/).length,
        ];
        await nodes.start(...keys);
        await eventually(async () => assert.deepEqual(complaints(), [0, 1, 1]));
        ready('c1', 'c2');
        await account('c2', 'good');
        await nodes.see('c1,c2', 'c1', 'c2');
        assert.equal(await nodes.status('c3'), 'c3');
        ready('c1', 'c2', 'c3');
        await account('c3', 'good');
        await nodes.see('c1,c2,c3', ...keys);
        assert.deepEqual(complaints(), [0, 1, 1]);
      });
    } finally {
      await api.stop();
      await remove();
    }
  });

  it('manual: nothing by itself, then `cluster join` prints what EMQX prints', async () =>
    withHosts(await Hosts.createAt('192.168.0.145', '192.168.0.200'), (hosts) => {
      const [one, two] = hosts.all as [Host, Host];
      const config = `cluster { name = emqxcl, discovery_strategy = manual }
node { name = "emqx@192.168.0.200", cookie = "emqxsecretcookie", data_dir = "data" }
`;
      const places = {
        c1: { ...placeOn(hosts, one), config: config.replace(two.address, one.address) },
        c2: { ...placeOn(hosts, two), config },
      };
      return NodesApart.with(places, {}, async (nodes) => {
        await nodes.start('c1', 'c2');
        await pass(1000);
        assert.deepEqual([await nodes.status('c1'), await nodes.status('c2')], ['c1', 'c2']);
        assert.deepEqual(await nodes.ctl('c2', 'cluster', 'join', places.c1.name), {
          exit: 0,
          out: `Join the cluster successfully.
Cluster status: #{running_nodes => ['emqx@192.168.0.145','emqx@192.168.0.200'],
                  stopped_nodes => []}`,
          err: 'with two cores the cluster database needs both: a third lets one of them fail',
        });
        const again = await nodes.ctl('c2', 'cluster', 'join', places.c1.name);
        assert.match(
          again.err,
          /^Failed to join the cluster: \{already_in_cluster,'emqx@192\.168\.0\.145'\}$/m,
        );
        assert.deepEqual(await nodes.ctl('c1', 'cluster', 'leave'), {
          exit: 0,
          out: `Leave the cluster successfully.
Cluster status: #{running_nodes => ['emqx@192.168.0.145'],stopped_nodes => []}`,
          err: '',
        });
        await nodes.see('c2', 'c2');
      });
    }));
});

/** A launcher that mounts something where only its process sees it; within a mount namespace of that process. */
function mounting(...mounts: string[]): string[] {
  const script = [...mounts.map((mount) => `mount ${mount}`), 'exec "$@"'].join(' && ');
  return ['sh', '-c', script, 'sh'];
}
