import { connect } from 'node:net';
import { decode, encode, Framer, MqttError } from '../../wire/mod.js';
import { formatTarget, type Target } from '../scenario/mod.js';
import { FleetError, stoppedEarly } from './fleet-error.js';

/** A CONNACK with all its properties is far smaller. */
const LARGEST_ANSWER = 65_536;

/**
 * Sees with one connection whether a target is there and speaks MQTT, before a fleet is started on it.
 * A CONNACK of any kind will do: whether devices are let in is the run's to find out.
 * @throws FleetError UNREACHABLE with what happened and what to look at, INTERRUPTED when aborted
 */
export async function preflight(
  target: Target,
  version: 3 | 4 | 5,
  { timeoutMs = 5000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  if (signal?.aborted) throw stoppedEarly();
  const where = formatTarget(target);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    const framer = new Framer(LARGEST_ANSWER);
    let answered = false;
    const fail = (what: string, cause?: unknown): void => {
      socket.destroy();
      reject(new FleetError('UNREACHABLE', `${where} ${what}`, { cause }));
    };
    const timer = setTimeout(() => {
      fail(
        socket.connecting
          ? `does not answer within ${timeoutMs / 1000} s: is the host up and the port open?`
          : `takes connections but does not answer a CONNECT within ${timeoutMs / 1000} s: is it an MQTT port?`,
      );
    }, timeoutMs);
    const onAbort = (): void => {
      socket.destroy();
      reject(stoppedEarly());
    };
    signal?.addEventListener('abort', onAbort);
    socket.on('connect', () => {
      socket.write(
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
    });
    socket.on('data', (bytes) => {
      try {
        framer.push(bytes, bytes.length, {
          frame(frame, start, bodyStart, end) {
            const packet = decode(frame, start, bodyStart, end, version);
            if (packet.type !== 'connack') {
              fail(`answered CONNECT with ${packet.type.toUpperCase()}: is it an MQTT server?`);
              return false;
            }
            answered = true;
            if (packet.reasonCode === 0) {
              socket.end(encode({ type: 'disconnect', reasonCode: 0 }, version));
            } else {
              socket.destroy();
            }
            resolve();
            return false;
          },
        });
      } catch (error) {
        if (!(error instanceof MqttError)) throw error;
        const start = JSON.stringify(bytes.subarray(0, 32).toString('latin1'));
        fail(`does not speak MQTT: it answered CONNECT with ${start}`, error);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (answered) return;
      const hint: Record<string, string> = {
        ECONNREFUSED: 'refuses connections: is the broker running and is this its port?',
        ENOTFOUND: 'has a host name that does not resolve',
        ECONNRESET: 'reset the connection instead of answering CONNECT: is it an MQTT port?',
      };
      fail(hint[error.code ?? ''] ?? `cannot be reached: ${error.message}`, error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (!answered)
        fail('closed the connection instead of answering CONNECT: is it an MQTT port?');
    });
  });
}
