/** Transports: bytes in, bytes out. */
export { type ListenerOptions, TcpListener } from './tcp-listener.js';
