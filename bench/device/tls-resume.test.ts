import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createSecureContext, createServer, type SecureVersion } from 'node:tls';
import { decode, encode, Framer } from '../../wire/mod.js';
import { TestAuthority } from '../targets/testing/test-authority.js';
import { monotonicClock } from './clock.js';
import type { Device, DeviceProgram, DeviceThread } from './device.js';
import { LeanDevice, LeanThread } from './lean-device.js';
import { MqttJsDevice } from './mqttjs-device.js';
import { Receiver } from './receiver.js';
import { SourcePorts } from './source-ports.js';
import { COUNTER, Tally } from './tally.js';

const DRIVERS = {
  lean: (thread: DeviceThread, program: DeviceProgram): Device =>
    new LeanDevice(new LeanThread(thread), program, 0),
  mqttjs: (thread: DeviceThread, program: DeviceProgram): Device =>
    new MqttJsDevice(thread, program, 0),
};

/** A target over TLS that notes of each connection whether its session was an earlier one's. */
async function startTarget(version: SecureVersion) {
  const authority = await TestAuthority.create('target');
  const pair = await authority.issue('localhost', ['localhost']);
  const handshakes: string[] = [];
  const server = createServer({ ...pair, minVersion: version, maxVersion: version }, (socket) => {
    handshakes.push(`${socket.getProtocol()} ${socket.isSessionReused() ? 'resumed' : 'full'}`);
    const framer = new Framer(1_000_000);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      framer.push(bytes, bytes.length, {
        frame(frame, start, bodyStart, end) {
          const packet = decode(frame, start, bodyStart, end, 5);
          const welcome = { type: 'connack', sessionPresent: false, reasonCode: 0 } as const;
          if (packet.type === 'connect') socket.write(encode(welcome, 5));
          if (packet.type === 'disconnect') socket.end();
          return true;
        },
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, handshakes, ca: authority.cert };
}

/** Connects a device three times, one after the other. */
async function threeTimes(driver: keyof typeof DRIVERS, version: SecureVersion, resume: boolean) {
  const { server, handshakes, ca } = await startTarget(version);
  const { port } = server.address() as AddressInfo;
  const nowUs = monotonicClock();
  const tally = new Tally();
  const identity = { run: 1, epochUs: nowUs(), someUntimed: false };
  let happened: (event: string) => void = () => undefined;
  const note = (event: string) => () => happened(event);
  const next = () =>
    new Promise<string>((resolve) => {
      happened = resolve;
    });
  const device = DRIVERS[driver](
    {
      nowUs,
      tally,
      receiver: new Receiver(tally, identity),
      identity,
      owner: {
        ready: note('ready'),
        failed: note('failed'),
        lost: note('lost'),
        hasRoom: note('room'),
        closed: note('closed'),
      },
    },
    {
      version: 5,
      cleanStart: true,
      keepAliveSeconds: 0,
      sessionExpirySeconds: 0,
      inflight: 20,
      connectTimeoutUs: 5_000_000,
      identity: () => ({ clientId: 'device-1', filters: [] }),
      endpoint: () => ({
        address: '127.0.0.1',
        port,
        sourceAddress: undefined,
        ports: new SourcePorts(20_000, 10_000, 0, 1, Math.random()),
        tls: {
          context: createSecureContext({ ca }),
          servername: 'localhost',
          alpn: undefined,
          verify: true,
          resume,
        },
        webSocket: undefined,
      }),
    },
  );
  try {
    for (let time = 0; time < 3; time++) {
      const ready = next();
      device.connect(nowUs());
      assert.equal(await ready, 'ready');
      const closed = next();
      device.disconnect();
      assert.equal(await closed, 'closed');
    }
  } finally {
    server.close();
  }
  return { handshakes, counted: tally.take().counters[COUNTER.tlsSessionsResumed] };
}

for (const driver of Object.keys(DRIVERS) as (keyof typeof DRIVERS)[]) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${driver}: with resume a device takes up its session of ${version}, without it each handshake is whole`, async () => {
      const resumed = await threeTimes(driver, version, true);
      assert.deepEqual(resumed.handshakes, [
        `${version} full`,
        `${version} resumed`,
        `${version} resumed`,
      ]);
      assert.equal(resumed.counted, 2);
      const full = await threeTimes(driver, version, false);
      assert.deepEqual(full.handshakes, Array(3).fill(`${version} full`));
      assert.equal(full.counted, 0);
    });
  }
}
