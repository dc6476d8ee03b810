import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterPart, discoveryOptions, openCluster } from './cluster-config.js';
import { load } from './config/testing/load-text.js';

/** What discovery is told when the config says that. */
function toldOf(text: string): unknown {
  return discoveryOptions(load(text).config);
}

describe('what the config says of discovery', () => {
  it('reaches k8s', () => {
    const told = toldOf(`cluster { discovery_strategy = k8s, k8s {
      apiserver = "http://10.110.111.204:8080", service_name = mq, address_type = dns
      namespace = brokers, suffix = "svc.local", app_name = mqtt
    } }`);
    assert.deepEqual(told, {
      strategy: 'k8s',
      apiserver: 'http://10.110.111.204:8080',
      serviceName: 'mq',
      addressType: 'dns',
      namespace: 'brokers',
      suffix: 'svc.local',
      app: 'mqtt',
    });
  });

  it('reaches mcast, dns and etcd', () => {
    assert.deepEqual(
      toldOf(`cluster { discovery_strategy = mcast, mcast {
        addr = "239.192.0.9", ports = [5000, 5001], iface = "10.0.0.1", ttl = 1, loop = false
        sndbuf = 8KB, recbuf = 32KB, buffer = 64KB
      } }`),
      {
        strategy: 'mcast',
        addr: '239.192.0.9',
        ports: [5000, 5001],
        iface: '10.0.0.1',
        ttl: 1,
        loop: false,
        sendBufferBytes: 8192,
        receiveBufferBytes: 32_768,
      },
    );
    assert.deepEqual(
      toldOf('cluster { discovery_strategy = dns, dns { name = "a.b", record_type = srv } }'),
      { strategy: 'dns', name: 'a.b', recordType: 'srv' },
    );
    assert.deepEqual(
      toldOf(`cluster { discovery_strategy = etcd, etcd {
        server = "https://10.0.0.1:2379,https://10.0.0.2:2379", prefix = mq
        ssl_options { enable = true, cacertfile = "ca.pem", certfile = "c.pem", keyfile = "k.pem" }
      } }`),
      {
        strategy: 'etcd',
        server: 'https://10.0.0.1:2379,https://10.0.0.2:2379',
        prefix: 'mq',
        ssl: { enable: true, cacertfile: 'ca.pem', certfile: 'c.pem', keyfile: 'k.pem' },
      },
    );
  });
});

it('a source that cannot be asked is complained of once, however often it is asked', async () => {
  const said: string[] = [];
  // Where there is no service account nothing is asked over the network.
  const { config } = load(`
    node { name = "emqx@10.0.0.1", cookie = of-this-test, role = replicant, data_dir = "nowhere" }
    cluster { discovery_strategy = k8s, k8s.apiserver = "https://127.0.0.1:1" }
    cluster.core_nodes = ["emqx@10.0.0.2"]
  `);
  const part = (await openCluster(config, (line) => said.push(line))) as ClusterPart;
  try {
    for (let times = 0; times < 3; times++) {
      const found = await part.options.seeds();
      assert.deepEqual(
        found.map(({ name }) => name),
        ['emqx@10.0.0.2'],
      );
    }
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /cannot read the service account's token/);
  } finally {
    await part.close();
  }
});
