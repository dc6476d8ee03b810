import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './testing/load-text.js';

describe('what people write into emqx.conf works as it stands', () => {
  it('a name, a cookie and manual discovery', () => {
    const { config } = load(`
      cluster { name = emqxcl, discovery_strategy = manual }
      node { name = "emqx@192.168.0.200", cookie = "emqxsecretcookie", data_dir = "data" }
    `);
    assert.equal(config.cluster.name, 'emqxcl');
    assert.deepEqual(config.node, {
      name: 'emqx@192.168.0.200',
      cookie: 'emqxsecretcookie',
      dataDir: 'data',
      role: 'core',
    });
    const lines = load(`cluster {
      name = emqxcl
      discovery_strategy = manual
    }
    node {
      name = "emqx@192.168.0.200"
      cookie = "emqxsecretcookie"
      data_dir = "data"
    }`);
    assert.deepEqual(lines.config, config);
  });

  it('autoheal and autoclean', () => {
    const { cluster } = load('cluster.autoheal = on\ncluster.autoclean = 5m').config;
    assert.deepEqual(cluster.autoheal, { on: true, confirmAfterMs: 3000, afterMs: 15_000 });
    assert.equal(cluster.autocleanMs, 300_000);
    assert.deepEqual(load('cluster.autoheal = off, cluster.autoclean = infinity').config.cluster, {
      ...cluster,
      autoheal: { ...cluster.autoheal, on: false },
      autocleanMs: Number.POSITIVE_INFINITY,
    });
    assert.equal(load('cluster.autoheal = 1s').config.cluster.autoheal.afterMs, 1000);
  });

  it('static', () => {
    const seeds = ['emqx1@127.0.0.1', 'emqx2@127.0.0.1'];
    for (const written of [JSON.stringify(seeds), `"${seeds.join(', ')}"`]) {
      const { cluster } = load(`cluster {
        discovery_strategy = static
        static { seeds = ${written} }
      }`).config;
      assert.equal(cluster.discoveryStrategy, 'static');
      assert.deepEqual(cluster.static.seeds, seeds);
    }
  });

  it('mcast', () => {
    const { mcast } = load(`cluster {
      discovery_strategy = mcast
      mcast { addr = "239.192.0.1", ports = [4369, 4370], ttl = 255, loop = true, sndbuf = 8KB }
    }`).config.cluster;
    assert.deepEqual(mcast, {
      addr: '239.192.0.1',
      ports: [4369, 4370],
      iface: '0.0.0.0',
      ttl: 255,
      loop: true,
      sendBufferBytes: 8192,
      receiveBufferBytes: 16_384,
      bufferBytes: 32_768,
    });
  });

  it('dns', () => {
    const { dns } = load(`cluster {
      discovery_strategy = dns
      dns { name = "emqx.example.org", record_type = srv }
    }`).config.cluster;
    assert.deepEqual(dns, { name: 'emqx.example.org', recordType: 'srv' });
  });

  it('etcd', () => {
    const { etcd } = load(`cluster {
      discovery_strategy = etcd
      etcd {
        server = "http://127.0.0.1:2379, http://127.0.0.2:2379/"
        prefix = emqxcl
        node_ttl = 1m
      }
    }`).config.cluster;
    assert.deepEqual(etcd, {
      servers: ['http://127.0.0.1:2379', 'http://127.0.0.2:2379'],
      prefix: 'emqxcl',
      nodeTtlMs: 60_000,
      ssl: {
        enable: false,
        caFile: undefined,
        certFile: undefined,
        keyFile: undefined,
        verifyPeer: true,
      },
    });
  });

  it('k8s', () => {
    const { k8s } = load(`cluster {
      discovery_strategy = k8s
      k8s {
        apiserver = "http://10.110.111.204:8080"
        service_name = emqx
        address_type = ip
        app_name = emqx
      }
    }`).config.cluster;
    assert.deepEqual(k8s, {
      apiServer: 'http://10.110.111.204:8080',
      serviceName: 'emqx',
      addressType: 'ip',
      appName: 'emqx',
      namespace: 'default',
      suffix: 'pod.local',
    });
  });

  it('parts of EMQX that have no meaning here get one note each', () => {
    const { notes } = load(`
      log { console { level = debug }, file { enable = true } }
      dashboard.listeners.http.bind = 18083
      authentication = [{ mechanism = password_based }]
      listeners.ssl.default { bind = 8883 }
      node.db_backend = rlog
      mqtt { max_subscriptions = infinity }
    `);
    assert.deepEqual(
      notes.map((note) => /^emqx\.conf:(\d+:\d+: [\w.]+): passed over, /.exec(note)?.[1]),
      [
        '2:7: log',
        '3:7: dashboard',
        '4:7: authentication',
        '5:17: listeners.ssl',
        '6:12: node.db_backend',
        '7:14: mqtt.max_subscriptions',
      ],
    );
    assert.match(notes[2]!, /lets everybody in/);
  });

  it('keys that moved are known by their old names, and the new one wins', () => {
    const old = load('broker { shared_subscription_strategy = random }');
    assert.equal(old.config.mqtt.sharedStrategy, 'random');
    assert.deepEqual(old.notes, []);
    const both = load('broker.sys_msg_interval = 5s, sys_topics.sys_msg_interval = 6s');
    assert.equal(both.config.sysTopics.intervalMs, 6000);
  });
});
