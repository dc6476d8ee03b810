/**
 * The load generator that one writes in ten minutes with the `mqtt` package:
 * `node mqttjs-loop.js <port> <clients> <connects per second> <QoS, or - to stay idle>`. Each client publishes its next
 * message when the last one is done: acknowledged, or at QoS 0 handed to the socket. Runs until standard input ends.
 */
import { connect } from 'mqtt';

const [port, clients, perSec] = process.argv.slice(2).map(Number) as [number, number, number];
const qos = process.argv[5] === '1' ? 1 : 0;
const publishes = process.argv[5] !== '-';
const payload = Buffer.alloc(16, 'x');

function open(index: number): void {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    clientId: `loop-${index}`,
    protocolVersion: 4,
    keepalive: 300,
    reconnectPeriod: 0,
  });
  const topic = `bench/${index}`;
  const next = (): void => {
    client.publish(topic, payload, { qos }, next);
  };
  if (publishes) client.once('connect', next);
  client.on('error', (error) => {
    throw error;
  });
}

let opened = 0;
const startMs = performance.now();
const timer = setInterval(() => {
  const due = Math.min(clients, ((performance.now() - startMs) * perSec) / 1000);
  while (opened < due) open(opened++);
  if (opened === clients) clearInterval(timer);
}, 1);
process.stdin.on('end', () => process.exit(0)).resume();
