import { key, oneOf, optionalKey, port, section, urls, word } from '../fields.js';

/** Where the cores keep the cluster's database. No keys of EMQX: it has Mnesia in its place. */

const ssl = section({
  cacertfile: optionalKey(word, 'file with the authorities to trust, PEM'),
  certfile: optionalKey(word, 'file with the node’s certificate, PEM'),
  keyfile: optionalKey(word, 'file with its key, PEM'),
}).transform(({ cacertfile, certfile, keyfile }) => ({
  caFile: cacertfile,
  certFile: certfile,
  keyFile: keyfile,
}));

export const storeSection = section({
  engine: key(
    oneOf('embedded', 'managed', 'external'),
    'embedded',
    '`embedded`: in the process of one core, a single copy; `managed`: each core runs an etcd member; `external`: an etcd cluster that is there',
  ),
  endpoints: key(urls, [], 'addresses of the external etcd, several with commas between'),
  username: optionalKey(word, 'user at the external etcd'),
  password: optionalKey(word, 'and the password'),
  ssl: ssl.prefault({}),
  client_port: key(port, '2379', 'where a managed etcd takes clients'),
  peer_port: key(port, '2380', 'where a managed etcd takes the other members'),
  file: optionalKey(word, 'file behind the embedded engine; without it, memory only'),
}).transform(({ client_port, peer_port, username, password, file, ...rest }) => ({
  ...rest,
  username,
  password,
  file,
  clientPort: client_port,
  peerPort: peer_port,
}));
