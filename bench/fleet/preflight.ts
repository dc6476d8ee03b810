import { decode, encode, Framer, MqttError } from '../../wire/mod.js';
import { Connection, ConnectionThread, type Endpoint } from '../device/mod.js';
import { FleetError, stoppedEarly } from './fleet-error.js';

/** A CONNACK with all its properties is far smaller. */
const LARGEST_ANSWER = 65_536;

/** What a user is to look at, by what is counted for a device. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: is the broker running and is this its port?',
  ECONNRESET: 'reset the connection instead of answering CONNECT: is it an MQTT port?',
  EADDRNOTAVAIL: 'cannot be reached from the source address: is it an address of this machine?',
};

/**
 * Sees with one connection whether a target is there and speaks MQTT, over TLS and WebSocket where it
 * should, before a fleet is started on it. A CONNACK of any kind will do: whether devices are let in is the
 * run's to find out.
 * @param where the target, for messages
 * @throws FleetError UNREACHABLE with what happened and what to look at, INTERRUPTED when aborted
 */
export async function preflight(
  endpoint: Endpoint,
  where: string,
  version: 3 | 4 | 5,
  { timeoutMs = 5000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  if (signal?.aborted) throw stoppedEarly();
  await new Promise<void>((resolve, reject) => {
    const framer = new Framer(LARGEST_ANSWER);
    let answered = false;
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(timer);
      connection.destroy();
      reject(new FleetError('UNREACHABLE', `${where} ${what}`, { cause }));
    };
    const onAbort = (): void => {
      clearTimeout(timer);
      connection.destroy();
      reject(stoppedEarly());
    };
    const connection = new Connection(new ConnectionThread(), {
      opened: () => {
        connection.send(
          encode(
            {
              type: 'connect',
              protocolVersion: version,
              cleanStart: true,
              keepAliveSeconds: 0,
              clientId: `fleetgauge-${process.pid}`,
            },
            version,
          ),
        );
      },
      received: (bytes, start, end) => {
        try {
          return framer.push(bytes, end, { frame: answer }, start);
        } catch (error) {
          if (!(error instanceof MqttError)) throw error;
          const begin = JSON.stringify(
            Buffer.from(bytes.subarray(start, start + 32)).toString('latin1'),
          );
          fail(`does not speak MQTT: it answered CONNECT with ${begin}`, error);
          return false;
        }
      },
      receivedAll: () => undefined,
      drained: () => undefined,
      closed: (reason) => {
        clearTimeout(timer);
        if (answered) return;
        if (reason === '') {
          fail('closed the connection instead of answering CONNECT: is it an MQTT port?');
        } else fail(HINTS[reason] ?? `cannot be used: ${reason}`);
      },
    });
    const answer = (bytes: Uint8Array, start: number, bodyStart: number, end: number): boolean => {
      const packet = decode(bytes, start, bodyStart, end, version);
      if (packet.type !== 'connack') {
        fail(`answered CONNECT with ${packet.type.toUpperCase()}: is it an MQTT server?`);
        return false;
      }
      answered = true;
      if (packet.reasonCode === 0) {
        connection.end(encode({ type: 'disconnect', reasonCode: 0 }, version));
      } else {
        connection.destroy();
      }
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve();
      return false;
    };
    const timer = setTimeout(() => {
      const seconds = `within ${timeoutMs / 1000} s`;
      const why = {
        'TCP connection': `does not answer ${seconds}: is the host up and the port open?`,
        'TLS handshake': `takes connections but does not finish a TLS handshake ${seconds}: is it a TLS port?`,
        'WebSocket upgrade': `takes connections but does not answer a WebSocket upgrade ${seconds}: is it a WebSocket port?`,
        open: `takes connections but does not answer a CONNECT ${seconds}: is it an MQTT port?`,
      };
      fail(why[connection.stage]);
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    connection.open(endpoint);
  });
}
