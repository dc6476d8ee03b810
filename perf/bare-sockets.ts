/**
 * The floor under both drivers: sockets of Node that send CONNECT and keep what comes back, nothing else.
 * Started by drivers.ts: `node bare-sockets.js <port> <connections> <per second> <hold seconds>`; prints `holding`
 * when all are connected and ends after the hold.
 */
import { connect, type Socket } from 'node:net';
import { encode } from '../wire/mod.js';

/** Linux's ports for outgoing connections. */
const FIRST_PORT = 32_768;
const PORTS = 28_232;

const [port, count, perSec, holdSec] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
];
/** Kept, as a fleet keeps its devices. */
const sockets = new Set<Socket>();
let opened = 0;
let nextPort = FIRST_PORT + Math.floor(Math.random() * PORTS);
let connected = 0;
const onread = {
  buffer: Buffer.allocUnsafeSlow(65_536),
  callback: (): boolean => {
    connected++;
    if (connected === count) hold();
    return true;
  },
};
const startMs = performance.now();
const timer = setInterval(() => {
  const due = Math.min(count, ((performance.now() - startMs) * perSec) / 1000);
  for (; opened < due; opened++) open();
}, 1);

function open(): void {
  // A port of its own for each, as the lean driver has: the kernel's search would be most of the cost.
  const localPort = nextPort;
  nextPort = nextPort + 1 < FIRST_PORT + PORTS ? nextPort + 1 : FIRST_PORT;
  const clientId = `bare-${localPort}`;
  const socket = connect({ host: '127.0.0.1', port, localPort, noDelay: true, onread });
  socket.on('connect', () => {
    const session = { cleanStart: true, keepAliveSeconds: 300, clientId };
    socket.write(encode({ type: 'connect', protocolVersion: 5, ...session }, 5));
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    sockets.delete(socket);
    open();
  });
  sockets.add(socket);
}

function hold(): void {
  process.stdout.write('holding\n');
  setTimeout(() => {
    clearInterval(timer);
    process.exit();
  }, holdSec * 1000);
}
