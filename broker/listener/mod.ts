/** Transports: bytes in, bytes out. */
export { type ListenerSurroundings, TcpListener } from './tcp-listener.js';
