import { bindText } from './bind.js';
import type { ConfigIssue } from './config-error.js';
import { type HoconObject, placeOf } from './hocon/mod.js';
import type { NodeConfig } from './schema.js';
import { fieldAt, placeIn, spelled } from './tree.js';

/** What EMQX's own config is shipped with. */
const KNOWN_COOKIE = 'emqxsecretcookie';

/** Below that, somebody with a certificate of a managed etcd and enough machines may find it by trying. */
const LONG_COOKIE = 20;

/** What is wrong between fields, each of which is right. */
export function checkConfig(config: NodeConfig, root: HoconObject): ConfigIssue[] {
  const { node, cluster } = config;
  const { discoveryStrategy: strategy, store } = cluster;
  const issues: ConfigIssue[] = [];
  const issue = (key: string, expected: string, found?: string): void => {
    const path = key.split('.');
    const value = fieldAt(root, path)?.value;
    const given = found ?? (value && spelled(value));
    issues.push({ at: placeIn(root, path), path: key, expected, found: given });
  };
  /** A key is missing because another has the value that it has. */
  const missing = (key: string, because: string, expected: string): void => {
    issues.push({ at: placeIn(root, because.split('.')), path: key, expected, found: 'none' });
  };
  if (node.role === 'replicant') {
    if (strategy === 'singleton') issue('node.role', 'core, for a singleton has no core to follow');
    if (node.cookie === undefined) {
      missing(
        'node.cookie',
        'node.role',
        'the secret of its cluster, for a replicant is nothing alone',
      );
    }
  }
  if (strategy === 'etcd' && cluster.etcd.servers.length === 0) {
    const because = 'cluster.discovery_strategy';
    missing('cluster.etcd.server', because, `the address of an etcd for ${because} = etcd`);
  }
  if (store.engine === 'external' && store.endpoints.length === 0) {
    const because = 'cluster.store.engine';
    missing('cluster.store.endpoints', because, `addresses of an etcd for ${because} = external`);
  }
  if (store.username !== undefined && store.password === undefined) {
    missing('cluster.store.password', 'cluster.store.username', 'a password for the user name');
  }
  for (const [key, { certFile, keyFile }] of [
    ['cluster.store.ssl', store.ssl],
    ['cluster.etcd.ssl_options', cluster.etcd.ssl],
  ] as const) {
    if ((certFile === undefined) !== (keyFile === undefined)) {
      issue(key, 'both certfile and keyfile, or none of them');
    }
  }
  const taken = new Map<string, string>();
  for (const [name, { bind, enable }] of Object.entries(config.listeners.tcp)) {
    if (!enable || bind.port === 0) continue;
    const address = bindText(bind);
    const other = taken.get(address);
    if (other === undefined) taken.set(address, name);
    else {
      const found = `${address}, which listeners.tcp.${other} has`;
      issue(`listeners.tcp.${name}.bind`, 'an address of its own', found);
    }
  }
  return issues;
}

/** What is allowed and probably not meant. */
export function adviseOn(config: NodeConfig, root: HoconObject): string[] {
  const { node, cluster } = config;
  const notes: string[] = [];
  const note = (key: string, text: string): void => {
    const at = placeIn(root, key.split('.'));
    notes.push(`${at === undefined ? '' : `${placeOf(at)}: `}${key}: ${text}`);
  };
  const strategy = cluster.discoveryStrategy;
  const alone = strategy === 'manual' || strategy === 'singleton';
  if (node.cookie === undefined && !alone) {
    note('node.cookie', 'not set: this node takes no links from others before it is');
  }
  if (node.cookie === KNOWN_COOKIE) {
    note('node.cookie', 'this cookie comes with EMQX and is known to everybody');
  } else if (
    node.cookie !== undefined &&
    node.cookie.length < LONG_COOKIE &&
    node.role === 'core' &&
    cluster.store.engine === 'managed'
  ) {
    const why = 'whoever reaches the ports of its etcd can try cookies until one fits';
    note('node.cookie', `shorter than ${LONG_COOKIE} characters: ${why}`);
  }
  if (strategy === 'static' && cluster.static.seeds.length === 0) {
    note('cluster.static.seeds', 'no seeds: this node stays alone until another one finds it');
  }
  if (node.role === 'replicant' && strategy === 'manual' && cluster.coreNodes.length === 0) {
    note('cluster.core_nodes', 'empty: it follows the core that ctl cluster join names');
  }
  if (node.role === 'replicant' && cluster.store.engine !== 'embedded') {
    note('cluster.store.engine', 'not used: a replicant keeps no database');
  }
  if (Object.values(config.listeners.tcp).every(({ enable }) => !enable)) {
    note('listeners.tcp', 'no listener is enabled: clients cannot connect to this node');
  }
  return notes;
}
