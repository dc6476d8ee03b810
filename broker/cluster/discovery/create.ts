import { randomBytes } from 'node:crypto';
import type { Discovery } from './discovery.js';
import { DNS_DEFAULTS, DnsDiscovery, type DnsOptions } from './dns.js';
import { EtcdDiscovery } from './etcd.js';
import { ETCD_DEFAULTS, type EtcdOptions } from './etcd-options.js';
import { K8S_DEFAULTS, K8sDiscovery, type K8sOptions } from './k8s.js';
import { ManualDiscovery } from './manual.js';
import { MCAST_DEFAULTS, McastDiscovery, type McastOptions } from './mcast.js';
import { openMcastSocket } from './mcast-socket.js';
import { realSchedule, type Schedule } from './schedule.js';
import { StaticDiscovery } from './static.js';

/** What is not given is as in `…_DEFAULTS`. */
export type DiscoveryOptions =
  | { strategy: 'manual' }
  | { strategy: 'static'; seeds: string | readonly string[] }
  | ({ strategy: 'mcast' } & Partial<McastOptions>)
  | ({ strategy: 'dns' } & Partial<DnsOptions>)
  | ({ strategy: 'etcd' } & Partial<EtcdOptions> & Pick<EtcdOptions, 'server'>)
  | ({ strategy: 'k8s' } & Partial<K8sOptions>);

export interface DiscoveryDeps {
  /** This node, `app@host`. */
  self: string;
  clusterName: string;
  cookie: string;
  /** One line for whoever runs the node. */
  warn: (line: string) => void;
  schedule?: Schedule;
  /** Wall clock, ms. */
  now?: () => number;
}

/** The strategy that the configuration names. Throws DiscoveryError (`BAD_CONFIG`) if it cannot work. */
export function createDiscovery(options: DiscoveryOptions, deps: DiscoveryDeps): Discovery {
  const { self, clusterName, cookie, warn, schedule = realSchedule, now = Date.now } = deps;
  switch (options.strategy) {
    case 'manual':
      return new ManualDiscovery();
    case 'static':
      return new StaticDiscovery(options.seeds);
    case 'mcast': {
      const identity = { node: self, cluster: clusterName, cookie };
      const mcastDeps = { open: openMcastSocket, schedule, randomBytes, warn };
      return new McastDiscovery(identity, { ...MCAST_DEFAULTS, ...options }, mcastDeps);
    }
    case 'dns':
      return new DnsDiscovery(self, { ...DNS_DEFAULTS, ...options });
    case 'etcd':
      return new EtcdDiscovery(self, { ...ETCD_DEFAULTS, ...options }, { schedule, now, warn });
    case 'k8s':
      return new K8sDiscovery(self, { ...K8S_DEFAULTS, ...options });
  }
}
