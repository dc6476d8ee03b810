import {
  duration,
  durationOrNever,
  healing,
  key,
  nodeNames,
  oneOf,
  section,
  word,
} from '../fields.js';
import {
  dnsSection,
  etcdSection,
  k8sSection,
  mcastSection,
  STRATEGIES,
  staticSection,
} from './discovery.js';
import { storeSection } from './store.js';

export const clusterSection = section({
  name: key(word, 'emqxcl', 'nodes join only nodes with the same'),
  discovery_strategy: key(oneOf(...STRATEGIES), 'manual', 'how nodes find each other'),
  core_nodes: key(nodeNames, [], 'cores that a replicant asks when the strategy is `manual`'),
  autoheal: key(
    healing,
    'true',
    'the smaller side of a split re-enters by itself; a duration is `heal_after`',
  ),
  autoclean: key(
    durationOrNever,
    '5m',
    'a member that is down so long is removed; `infinity`: never',
  ),
  heal_confirm_after: key(duration, '3s', 'a split is reported when it is still seen after this'),
  heal_after: key(duration, '15s', 'healing begins when no further report came for this long'),
  forward: key(
    oneOf('acked', 'async'),
    'acked',
    '`acked`: a QoS 1 or 2 publisher has its answer when the other nodes have the message; `async`: before, as in EMQX',
  ),
  static: staticSection.prefault({}),
  mcast: mcastSection.prefault({}),
  dns: dnsSection.prefault({}),
  etcd: etcdSection.prefault({}),
  k8s: k8sSection.prefault({}),
  store: storeSection.prefault({}),
}).transform(
  ({
    discovery_strategy,
    core_nodes,
    autoheal,
    autoclean,
    heal_confirm_after,
    heal_after,
    ...rest
  }) => ({
    ...rest,
    discoveryStrategy: discovery_strategy,
    coreNodes: core_nodes,
    autoheal: {
      on: autoheal.on,
      confirmAfterMs: heal_confirm_after,
      afterMs: autoheal.afterMs ?? heal_after,
    },
    /** Infinity: never. */
    autocleanMs: autoclean,
  }),
);
