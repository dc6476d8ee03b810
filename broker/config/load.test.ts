import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_CONFIG } from '../config.js';
import { parseHocon, plainOf } from './hocon/mod.js';
import { brokerConfigOf, type LoadedConfig, loadConfig, settingLines } from './mod.js';
import { DEFAULT_LISTENER } from './sections/listeners.js';
import { fails, load, type Others } from './testing/load-text.js';

function sourceOf({ settings }: LoadedConfig, key: string): string | undefined {
  return settings.find(({ path }) => path.join('.') === key)?.source;
}

describe('sources', () => {
  const TEXT = 'node.name = "file@127.0.0.1"\nmqtt.max_inflight = 10\nmqtt.max_mqueue_len = 20';

  it('win over each other in this order: flag, --set, our variable, EMQX’s variable, file, default', () => {
    const environment = {
      EMQX_NODE__NAME: 'emqx@127.0.0.1',
      EMQX_MQTT__MAX_TOPIC_LEVELS: '7',
      FLEETGAUGE_NODE__NAME: 'ours@127.0.0.1',
      FLEETGAUGE_NODE_NAME: 'not-a-key',
      FLEETGAUGE_MQTT__MAX_INFLIGHT: '11',
      FLEETGAUGE_MQTT__IDLE_TIMEOUT: '',
      EMQX_NAME: 'not-a-key',
    };
    const all: Others = { environment, set: ['node.name=set@127.0.0.1', 'mqtt.max_mqueue_len=21'] };
    const flagged = load(TEXT, { ...all, flags: { nodeName: 'flag@127.0.0.1' } });
    assert.equal(flagged.config.node.name, 'flag@127.0.0.1');
    assert.equal(sourceOf(flagged, 'node.name'), '--node-name');
    const set = load(TEXT, all);
    assert.equal(set.config.node.name, 'set@127.0.0.1');
    assert.equal(set.config.mqtt.maxQueued, 21);
    assert.equal(sourceOf(set, 'mqtt.max_mqueue_len'), '--set mqtt.max_mqueue_len');
    const variables = load(TEXT, { environment });
    assert.equal(variables.config.node.name, 'ours@127.0.0.1');
    assert.equal(variables.config.mqtt.maxInflight, 11);
    assert.equal(variables.config.mqtt.maxTopicLevels, 7);
    assert.equal(
      sourceOf(variables, 'mqtt.max_inflight'),
      'environment variable FLEETGAUGE_MQTT__MAX_INFLIGHT',
    );
    const file = load(TEXT);
    assert.equal(file.config.node.name, 'file@127.0.0.1');
    assert.equal(sourceOf(file, 'mqtt.max_inflight'), 'emqx.conf:2:21');
    assert.equal(sourceOf(file, 'mqtt.idle_timeout'), 'default');
  });

  it('a variable is text as it stands, or a list or object in HOCON', () => {
    const { node, cluster, listeners } = load('', {
      environment: {
        FLEETGAUGE_NODE__COOKIE: 'a#b, "c" = {d}',
        FLEETGAUGE_CLUSTER__STATIC__SEEDS: '["a@h1", "b@h2"]',
        FLEETGAUGE_CLUSTER__CORE_NODES: 'a@h1,b@h2',
        FLEETGAUGE_LISTENERS__TCP__DEFAULT__BIND: '0.0.0.0:2883',
      },
    }).config;
    assert.equal(node.cookie, 'a#b, "c" = {d}');
    assert.deepEqual(cluster.static.seeds, ['a@h1', 'b@h2']);
    assert.deepEqual(cluster.coreNodes, ['a@h1', 'b@h2']);
    assert.deepEqual(listeners.tcp[DEFAULT_LISTENER]?.bind, { host: '0.0.0.0', port: 2883 });
  });

  it('a wrong variable or flag is named', () => {
    const environment = { FLEETGAUGE_NODE__ROLE: 'boss', EMQX_NOT__KNOWN: '1' };
    fails('', /^environment variable FLEETGAUGE_NODE__ROLE: node\.role: expected one of/, {
      environment,
    });
    fails('', /^environment variable FLEETGAUGE_NOD__X: nod: expected a known key/, {
      environment: { FLEETGAUGE_NOD__X: '1' },
    });
    fails('', /^--set mqtt\.max_inflight: mqtt\.max_inflight: expected a whole number/, {
      set: ['mqtt.max_inflight=x'],
    });
    fails('', /^--set no-value: expected key=value/, { set: ['no-value'] });
    fails('', /^--set a\.\.b:1:3: expected a key/, { set: ['a..b=1'] });
    fails('', /^--set cluster\.core_nodes: expected ']' for this '\['/, {
      set: ['cluster.core_nodes=["a@b"'],
    });
    fails('', /^--port: listeners\.tcp\.default\.bind: expected an address/, {
      flags: { port: 70_000 },
    });
  });

  it('a variable of EMQX that means nothing here is passed over with a note', () => {
    const { notes } = load('', { environment: { EMQX_NOT__KNOWN: '1', EMQX_LOG__LEVEL: 'x' } });
    assert.equal(notes.length, 2);
    assert.match(notes[0]!, /^environment variable EMQX_NOT__KNOWN: passed over, there is no key/);
    assert.match(notes[1]!, /^environment variable EMQX_LOG__LEVEL: log: passed over/);
  });

  it('--host and --port change one half of the address of the default listener, or of the first', () => {
    const bindsOf = (text: string, flags: object): unknown =>
      Object.entries(load(text, { flags }).config.listeners.tcp).map(([name, { bind }]) => [
        name,
        `${bind.host} ${bind.port}`,
      ]);
    assert.deepEqual(bindsOf('', { port: 0 }), [['default', '127.0.0.1 0']]);
    assert.deepEqual(bindsOf('', { host: '::1' }), [['default', '::1 1883']]);
    const TWO = 'listeners.tcp { a { bind = ":1" }, default { bind = 2 } }';
    assert.deepEqual(bindsOf(TWO, { host: '10.0.0.1' }), [
      ['a', '0.0.0.0 1'],
      ['default', '10.0.0.1 2'],
    ]);
    assert.deepEqual(bindsOf('listeners.tcp { a { bind = ":1" } }', { port: 3 }), [
      ['a', '0.0.0.0 3'],
    ]);
  });

  it('a file that is not there or cannot be read is an error; so is what it includes', () => {
    assert.throws(
      () => loadConfig({ file: 'no.conf', readFile: () => undefined }),
      /^ConfigError: no\.conf: expected a file that can be read, found none$/,
    );
    const readFile = (): string => {
      throw new Error('EACCES: permission denied');
    };
    assert.throws(() => loadConfig({ file: 'x', readFile }), /found EACCES: permission denied$/);
    const { notes } = load('include "more.conf"');
    assert.match(
      notes[0]!,
      /^emqx\.conf:1:\d+: include: passed over, there is no file 'more\.conf'$/,
    );
  });
});

describe('the config', () => {
  it('is frozen all the way down', () => {
    const { config } = load('');
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.cluster.etcd.ssl));
    assert.ok(Object.isFrozen(config.cluster.mcast.ports));
  });

  it('takes null for a key that is not set', () => {
    assert.deepEqual(load('node.cookie = null, mqtt = null').config, load('').config);
  });

  it('takes numbers with and without quotes, and text of digits as it was spelled', () => {
    const { config } = load('mqtt.max_inflight = "7"\nnode.cookie = 1.50');
    assert.equal(config.mqtt.maxInflight, 7);
    assert.equal(config.node.cookie, '1.50');
  });

  it('does not let keys of JavaScript through', () => {
    fails('__proto__ { polluted = 1 }', /__proto__\.polluted: expected a known key/);
    fails('listeners.tcp.__proto__.bind = 1', /__proto__/);
    fails('node.constructor = 1', /node\.constructor: expected a known key/);
  });

  it('lets a replicant wait to be told its core, but not go without a cookie', () => {
    const text = 'node { role = replicant, cookie = abc }';
    assert.match(load(text).notes.join('\n'), /cluster\.core_nodes: empty: .* ctl cluster join/m);
    const { config, notes } = load(`${text}\ncluster.core_nodes = "c1@h1"`);
    assert.deepEqual(config.cluster.coreNodes, ['c1@h1']);
    assert.deepEqual(notes, []);
    fails('node.role = replicant', /1:13: node\.cookie: expected the secret of its cluster/);
  });

  it('is advised on: no cookie, the known cookie, no seeds, a store that is not used, no listener', () => {
    const { notes } = load(`
      node { role = replicant, cookie = abc }
      cluster { discovery_strategy = static, store.engine = managed }
      listeners.tcp.default.enable = false
    `);
    for (const says of [
      /^emqx\.conf:3:\d+: cluster\.static\.seeds: no seeds/m,
      /^emqx\.conf:3:\d+: cluster\.store\.engine: not used/m,
      /^emqx\.conf:4:\d+: listeners\.tcp: no listener is enabled/m,
    ]) {
      assert.match(notes.join('\n'), says);
    }
    assert.match(
      load('cluster.discovery_strategy = static').notes.join('\n'),
      /node\.cookie: not set/,
    );
    const managed = (cookie: string): string =>
      load(`node.cookie = "${cookie}"\ncluster.store.engine = managed`).notes.join('\n');
    assert.match(managed('short'), /^emqx\.conf:1:\d+: node\.cookie: shorter than 20 characters/m);
    assert.doesNotMatch(managed('a long random text'.repeat(2)), /cookie/);
    assert.match(load('node.cookie = emqxsecretcookie').notes.join('\n'), /known to everybody/);
  });

  it('says of values that have no effect yet that they have none, unless they are the defaults', () => {
    const inert = ({ notes }: LoadedConfig): number =>
      notes.filter((note) => note.includes('nothing in this version acts on it')).length;
    assert.equal(
      inert(load('cluster { name = emqxcl, autoheal = on, mcast.ports = [4369, 4370] }')),
      0,
    );
    assert.equal(inert(load('cluster { name = other, autoheal = off, dns.record_type = srv }')), 0);
    assert.equal(inert(load('rpc.mode = sync\nmqtt.max_clientid_len = 100')), 2);
    assert.equal(
      inert(load('mqtt { shared_subscription_strategy = random, max_inflight = 3 }')),
      0,
    );
    assert.equal(inert(load('mqtt.shared_subscription_strategy = sticky')), 0);
  });

  it('never shows a secret', () => {
    const text = 'node.cookie = hush1\ncluster.store { username = u, password = hush2 }';
    const { settings, notes } = load(text);
    const shown = [...settingLines(settings), ...notes].join('\n');
    assert.doesNotMatch(shown, /hush/);
    assert.match(shown, /^node\.cookie = "\*{6}" +# emqx\.conf:1:15$/m);
    fails('node.cookie = [hush]', /^(?!.*hush)emqx\.conf:1:15: node\.cookie: expected/);
  });
});

describe('what --check prints', () => {
  it('is a config that says the same', () => {
    const text = `
      node.name = "n1@10.0.0.1"
      cluster { discovery_strategy = etcd, etcd.server = ["http://a:1", "http://b:2"], autoheal = 1s }
      listeners.tcp { default { bind = ":1" }, other { bind = "[::1]:2", enable = off } }
      mqtt { max_packet_size = 2MB, keepalive_multiplier = 2 }
    `;
    const { config, settings } = load(text);
    const printed = settingLines(settings).join('\n');
    assert.deepEqual(load(printed).config, config);
    assert.deepEqual(load(settingLines(load('').settings).join('\n')).config, load('').config);
    assert.equal(typeof plainOf(parseHocon(printed, 'printed')), 'object');
  });
});

describe('for startBroker', () => {
  it('an empty config is the broker’s own default', () => {
    const { listeners, ...limits } = brokerConfigOf(load('').config);
    const { host, port } = DEFAULT_CONFIG;
    assert.deepEqual(listeners, [
      { name: 'default', host, port, maxConnections: Number.POSITIVE_INFINITY },
    ]);
    assert.deepEqual({ ...DEFAULT_CONFIG, ...limits }, DEFAULT_CONFIG);
  });

  it('each key comes to its place', () => {
    const broker = brokerConfigOf(
      load(`
        node.name = "n1@h1"
        listeners.tcp { a { bind = 1, max_connections = 9 }, b { bind = 2, enable = false } }
        mqtt {
          max_packet_size = 2KB, max_topic_levels = 3, max_topic_alias = 4, max_inflight = 5
          max_awaiting_rel = 6, max_mqueue_len = 7, mqueue_store_qos0 = on
          session_expiry_interval = 8s, idle_timeout = 9s, shared_subscription_strategy = random
        }
        sys_topics.sys_msg_interval = disabled
      `).config,
    );
    assert.deepEqual(broker, {
      nodeName: 'n1@h1',
      listeners: [{ name: 'a', host: '0.0.0.0', port: 1, maxConnections: 9 }],
      maximumPacketSize: 2048,
      maxTopicLevels: 3,
      topicAliasMaximum: 4,
      maxInflight: 5,
      receiveMaximum: 6,
      maxQueued: 7,
      queueQos0: true,
      sessionExpirySeconds: 8,
      connectTimeoutMs: 9000,
      sharedStrategy: 'random',
      sysIntervalMs: 0,
    });
  });
});
