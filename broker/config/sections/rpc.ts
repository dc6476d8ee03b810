import { duration, key, oneOf, port, section } from '../fields.js';

/** The links between nodes. */
export const rpcSection = section({
  mode: key(oneOf('async', 'sync'), 'async', 'whether a call holds up those behind it'),
  port_discovery: key(
    oneOf('stateless', 'manual'),
    'stateless',
    '`stateless`: 5370 plus the number at the end of the part of `node.name` before the `@`; `manual`: `tcp_server_port`, the same on every node',
  ),
  tcp_server_port: key(port, '5369', 'port of every node with `manual`'),
  connect_timeout: key(duration, '5s', 'for a connection to another node'),
  send_timeout: key(duration, '5s', 'for what is sent to be taken'),
  authentication_timeout: key(duration, '5s', 'for the proof that both have the cookie'),
  call_receive_timeout: key(duration, '15s', 'for the answer to a call'),
}).transform((raw) => ({
  mode: raw.mode,
  portDiscovery: raw.port_discovery,
  tcpServerPort: raw.tcp_server_port,
  connectTimeoutMs: raw.connect_timeout,
  sendTimeoutMs: raw.send_timeout,
  authenticationTimeoutMs: raw.authentication_timeout,
  callReceiveTimeoutMs: raw.call_receive_timeout,
}));
