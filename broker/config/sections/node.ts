import { key, nodeName, oneOf, optionalKey, section, word } from '../fields.js';

export const nodeSection = section({
  name: key(
    nodeName,
    'fleetgauge@127.0.0.1',
    '`name@host`, unlike that of any other node; other nodes reach it at this host',
  ),
  cookie: optionalKey(word, 'the secret that the nodes of a cluster share; without it, no links'),
  data_dir: key(word, 'data', 'folder for what outlives the process'),
  role: key(
    oneOf('core', 'replicant'),
    'core',
    '`core` holds the cluster’s database, `replicant` follows a core',
  ),
}).transform(({ data_dir, cookie, ...rest }) => ({ ...rest, cookie, dataDir: data_dir }));
