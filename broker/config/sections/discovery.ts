import {
  bytes,
  count,
  duration,
  flag,
  host,
  ipv4,
  key,
  multicast,
  nodeNames,
  oneOf,
  optionalKey,
  ports,
  section,
  url,
  urls,
  word,
} from '../fields.js';

/** How each strategy finds the other nodes; EMQX's keys and defaults. */

export const STRATEGIES = ['manual', 'static', 'mcast', 'dns', 'etcd', 'k8s', 'singleton'] as const;

export const staticSection = section({
  seeds: key(nodeNames, [], 'names of nodes to join'),
});

const SOCKET = bytes(1024, 2 ** 30);

export const mcastSection = section({
  addr: key(multicast, '239.192.0.1', 'group to call in'),
  ports: key(ports, ['4369', '4370'], 'ports to call on; the node takes the first free one'),
  iface: key(
    ipv4,
    '0.0.0.0',
    'address of the interface to call from; `0.0.0.0` leaves it to the system',
  ),
  ttl: key(count(0, 255), '255', 'routers a call may pass'),
  loop: key(flag, 'true', 'nodes on the same machine hear it as well'),
  sndbuf: key(SOCKET, '16KB', 'send buffer of the socket'),
  recbuf: key(SOCKET, '16KB', 'receive buffer of the socket'),
  buffer: key(SOCKET, '32KB', 'buffer of the program'),
}).transform(({ sndbuf, recbuf, buffer, ...rest }) => ({
  ...rest,
  sendBufferBytes: sndbuf,
  receiveBufferBytes: recbuf,
  bufferBytes: buffer,
}));

export const dnsSection = section({
  name: key(host, 'localhost', 'name whose records are the nodes'),
  record_type: key(oneOf('a', 'aaaa', 'srv'), 'a', 'which records'),
}).transform(({ name, record_type }) => ({ name, recordType: record_type }));

const sslOptions = section({
  enable: key(flag, 'false', 'TLS to etcd; an `https` server has it without'),
  cacertfile: optionalKey(word, 'file with the authorities to trust, PEM'),
  certfile: optionalKey(word, 'file with the node’s certificate, PEM'),
  keyfile: optionalKey(word, 'file with its key, PEM'),
  verify: key(
    oneOf('verify_peer', 'verify_none'),
    'verify_peer',
    'whether the server’s certificate is checked',
  ),
}).transform(({ enable, cacertfile, certfile, keyfile, verify }) => ({
  enable,
  caFile: cacertfile,
  certFile: certfile,
  keyFile: keyfile,
  verifyPeer: verify === 'verify_peer',
}));

export const etcdSection = section({
  server: key(urls, [], 'addresses of etcd, several with commas between'),
  prefix: key(word, 'emqxcl', 'what the keys begin with'),
  node_ttl: key(duration, '1m', 'how long a node that has gone stays listed'),
  ssl_options: sslOptions.prefault({}),
}).transform(({ server, prefix, node_ttl, ssl_options }) => ({
  servers: server,
  prefix,
  nodeTtlMs: node_ttl,
  ssl: ssl_options,
}));

export const k8sSection = section({
  apiserver: key(url, 'https://kubernetes.default.svc:443', 'address of the API server'),
  service_name: key(word, 'emqx', 'service whose endpoints are the nodes'),
  address_type: key(
    oneOf('ip', 'dns', 'hostname'),
    'ip',
    'what becomes the host of a node’s name: the address, `1-2-3-4.<namespace>.<suffix>`, or the pod’s own name',
  ),
  namespace: key(word, 'default', 'namespace of the service'),
  suffix: key(word, 'pod.local', 'end of the names with `dns` and `hostname`'),
  app_name: optionalKey(
    word,
    'what stands before the `@` of the other nodes; the own part if left out',
  ),
}).transform(({ service_name, address_type, app_name, apiserver, ...rest }) => ({
  ...rest,
  apiServer: apiserver,
  serviceName: service_name,
  addressType: address_type,
  appName: app_name,
}));
