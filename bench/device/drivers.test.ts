import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HistogramSet, LAG, PUBLISH, RESPONSE, SERVICE, summarise } from '../../results/mod.js';
import { decode, encode, Framer, type Packet, type ProtocolVersion } from '../../wire/mod.js';
import { monotonicClock } from './clock.js';
import type { Device, DeviceProgram, DeviceThread, Outgoing } from './device.js';
import { HEADER_BYTES, headerSequence, writeHeader } from './header.js';
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
const RUN = 0xbeef;

/** The far end: answers each packet as the test's script says. */
type Script = (
  packet: Packet,
  reply: (packet: Packet | Uint8Array) => void,
  socket: Socket,
) => void;

interface Stage {
  device: Device;
  tally: Tally;
  events: string[];
  heard: Packet[];
  /** Waits, bounded, until it is so. */
  until(isSo: () => boolean, what: string): Promise<void>;
  count(name: keyof typeof COUNTER): number;
  errors(): Record<string, number>;
}

/** A device of one driver in front of a scripted server, both gone when `play` is over. */
async function staged(
  driver: keyof typeof DRIVERS,
  script: Script,
  play: (stage: Stage) => Promise<void>,
  change: Partial<DeviceProgram> & { filters?: { filter: string; qos: 0 | 1 | 2 }[] } = {},
): Promise<void> {
  const version: ProtocolVersion = change.version ?? 5;
  const heard: Packet[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const framer = new Framer(1_000_000);
    const reply = (packet: Packet | Uint8Array): void => {
      socket.write(packet instanceof Uint8Array ? packet : encode(packet, version));
    };
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      framer.push(bytes, bytes.length, {
        frame(frame, start, bodyStart, end) {
          const packet = decode(frame, start, bodyStart, end, version);
          heard.push(packet);
          script(packet, reply, socket);
          // As targets do; a device waits for it.
          if (packet.type === 'disconnect') socket.end();
          return true;
        },
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const nowUs = monotonicClock();
  const tally = new Tally();
  const identity = { run: RUN, epochUs: nowUs(), someUntimed: false };
  const events: string[] = [];
  const note = (event: string) => () => void events.push(event);
  const thread: DeviceThread = {
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
  };
  const { filters = [], ...program } = change;
  const device = DRIVERS[driver](thread, {
    version,
    cleanStart: true,
    keepAliveSeconds: 0,
    sessionExpirySeconds: 0,
    inflight: 20,
    connectTimeoutUs: 5_000_000,
    identity: () => ({ clientId: 'device-1', filters }),
    endpoint: () => ({
      address: '127.0.0.1',
      port,
      sourceAddress: undefined,
      ports: new SourcePorts(20_000, 10_000, 0, 1, Math.random()),
      tls: undefined,
      webSocket: undefined,
    }),
    ...program,
  });
  const counters = new Float64Array(tally.counters.length);
  const errors: Record<string, number> = {};
  const drain = (): void => {
    const taken = tally.take();
    taken.counters.forEach((value, index) => {
      counters[index] = index === COUNTER.connected ? value : counters[index]! + value;
    });
    for (const [reason, n] of Object.entries(taken.errors))
      errors[reason] = (errors[reason] ?? 0) + n;
  };
  try {
    device.connect(nowUs());
    await play({
      device,
      tally,
      events,
      heard,
      until: async (isSo, what) => {
        for (let waited = 0; !isSo(); waited += 5) {
          assert.ok(
            waited < 8000,
            `${what}; events: ${events}; heard: ${heard.map((p) => p.type)}`,
          );
          await sleep(5);
        }
      },
      count: (name) => {
        drain();
        return counters[COUNTER[name]]!;
      },
      errors: () => {
        drain();
        return errors;
      },
    });
  } finally {
    device.disconnect();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

function message(qos: 0 | 1 | 2, payloadBytes = HEADER_BYTES): Outgoing {
  const topic = Buffer.from('some/topic');
  return {
    topic,
    topicStart: 0,
    topicEnd: topic.length,
    payload: new Uint8Array(payloadBytes),
    timed: true,
    qos,
    retain: false,
    sender: 7,
  };
}

const WELCOME: Packet = { type: 'connack', sessionPresent: false, reasonCode: 0 };

/** Says yes to everything. */
const friendly: Script = (packet, reply) => {
  if (packet.type === 'connect') reply(WELCOME);
  if (packet.type === 'subscribe') {
    reply({
      type: 'suback',
      packetId: packet.packetId,
      reasonCodes: packet.subscriptions.map(() => 0),
    });
  }
  if (packet.type === 'publish' && packet.qos === 1) {
    reply({ type: 'puback', packetId: packet.packetId!, reasonCode: 0 });
  }
  if (packet.type === 'publish' && packet.qos === 2) {
    reply({ type: 'pubrec', packetId: packet.packetId!, reasonCode: 0 });
  }
  if (packet.type === 'pubrel')
    reply({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
  if (packet.type === 'pingreq') reply({ type: 'pingresp' });
};

for (const driver of ['lean', 'mqttjs'] as const) {
  test(`${driver}: connects, subscribes and publishes at every QoS, and each answer is counted`, async () => {
    await staged(
      driver,
      friendly,
      async ({ device, events, heard, until, count, errors }) => {
        await until(() => events.includes('ready'), 'ready');
        for (const qos of [0, 1, 2] as const) {
          assert.ok(device.publish(message(qos), qos + 1, monotonicClock()()));
        }
        device.flush();
        await until(() => count('publishesAcked') === 2, 'both acknowledged');
        const published = heard.filter((packet) => packet.type === 'publish');
        assert.deepEqual(
          published.map(({ topic, qos }) => [topic, qos]),
          [
            ['some/topic', 0],
            ['some/topic', 1],
            ['some/topic', 2],
          ],
        );
        assert.deepEqual(
          published.map(({ payload }) => headerSequence(payload, 0)),
          [1, 2, 3],
        );
        assert.equal(count('publishesSent'), 3);
        assert.equal(count('subscribed'), 1);
        assert.equal(count('connected'), 1);
        assert.equal(device.inflight, 0);
        assert.deepEqual(errors(), {});
        device.disconnect();
        await until(() => events.includes('closed'), 'closed');
        assert.ok(heard.some(({ type }) => type === 'disconnect'));
        assert.equal(count('connected'), 0);
      },
      { filters: [{ filter: 'in/#', qos: 1 }] },
    );
  });

  test(`${driver}: QoS 1 is answered by PUBACK, QoS 2 by PUBCOMP, QoS 0 by nothing; each from intended and from sent`, async () => {
    const script: Script = (packet, reply, socket) => {
      const { type } = packet;
      const late = type === 'pubrel' || (type === 'publish' && packet.qos > 0);
      if (late) setTimeout(() => friendly(packet, reply, socket), 60);
      else friendly(packet, reply, socket);
    };
    await staged(driver, script, async ({ device, tally, events, until }) => {
      await until(() => events.includes('ready'), 'ready');
      for (const [qos, answers] of [
        [0, 0],
        [1, 1],
        [2, 2],
      ] as const) {
        tally.take();
        // Due 40 ms ago; each answer takes 60 ms.
        assert.ok(device.publish(message(qos), 1, monotonicClock()() - 40_000));
        device.flush();
        const acked = tally.counters;
        if (qos > 0) await until(() => acked[COUNTER.publishesAcked] === 1, 'answered');
        assert.equal(acked[COUNTER.publishesSent], 1);
        const histograms = HistogramSet.decode(tally.take().histograms);
        const ms = (clock: number): number | undefined => {
          const us = summarise(histograms.get(PUBLISH * 3 + clock))?.p50;
          return us === undefined ? undefined : Math.floor(us / 1000);
        };
        const [lag, service, response] = [ms(LAG)!, ms(SERVICE), ms(RESPONSE)];
        assert.ok(lag >= 40 && lag < 60, `lag ${lag} ms`);
        if (qos === 0) {
          assert.deepEqual([service, response], [undefined, undefined]);
          continue;
        }
        assert.ok(
          service! >= 58 * answers && service! < 60 * answers + 50,
          `service ${service} ms`,
        );
        assert.ok(Math.abs(response! - service! - lag) <= 2, `${response} = ${service} + ${lag}`);
      }
    });
  });

  test(`${driver}: never has more in flight than its window, and says when there is room again`, async () => {
    const held: number[] = [];
    let answer: ((packet: Packet) => void) | undefined;
    const script: Script = (packet, reply, socket) => {
      if (packet.type === 'publish') {
        answer = reply;
        held.push(packet.packetId!);
      } else friendly(packet, reply, socket);
    };
    await staged(
      driver,
      script,
      async ({ device, events, until }) => {
        await until(() => events.includes('ready'), 'ready');
        const taken = [1, 2, 3, 4].map((n) => device.publish(message(1), n, 0));
        device.flush();
        assert.deepEqual(taken, [true, true, false, false]);
        await until(() => held.length === 2, 'two sent');
        assert.ok(!events.includes('room'));
        answer?.({ type: 'puback', packetId: held[0]!, reasonCode: 0 });
        await until(() => events.includes('room'), 'room');
        assert.equal(device.publish(message(1), 3, 0), true);
        assert.equal(device.publish(message(1), 4, 0), false);
      },
      { inflight: 2 },
    );
  });

  test(`${driver}: a CONNECT refused by name is a failed connect with that name`, async () => {
    const script: Script = (_packet, reply, socket) => {
      reply({ type: 'connack', sessionPresent: false, reasonCode: 0x87 });
      socket.end();
    };
    await staged(driver, script, async ({ events, until, count, errors }) => {
      await until(() => events.includes('failed'), 'failed');
      assert.equal(count('connectsFailed'), 1);
      assert.equal(count('connected'), 0);
      assert.match(Object.keys(errors())[0] ?? '', /Not authorized \(0x87\)/);
    });
  });

  test(`${driver}: a refused publish has failed, with its reason`, async () => {
    const script: Script = (packet, reply, socket) => {
      if (packet.type !== 'publish') friendly(packet, reply, socket);
      else reply({ type: 'puback', packetId: packet.packetId!, reasonCode: 0x87 });
    };
    await staged(driver, script, async ({ device, events, until, count, errors }) => {
      await until(() => events.includes('ready'), 'ready');
      device.publish(message(1), 1, 0);
      device.flush();
      await until(() => count('publishesFailed') === 1, 'failed');
      assert.equal(count('publishesAcked'), 0);
      assert.deepEqual(errors(), { 'publish refused: Not authorized (0x87)': 1 });
    });
  });

  test(`${driver}: a refused subscription is counted with its reason, and the device goes on`, async () => {
    const script: Script = (packet, reply, socket) => {
      if (packet.type !== 'subscribe') friendly(packet, reply, socket);
      else reply({ type: 'suback', packetId: packet.packetId, reasonCodes: [1, 0x87] });
    };
    await staged(
      driver,
      script,
      async ({ events, until, count, errors }) => {
        await until(() => events.includes('ready'), 'ready');
        assert.equal(count('subscribed'), 1);
        assert.equal(count('subscribesFailed'), 1);
        assert.match(Object.keys(errors())[0] ?? '', /subscribe refused: Not authorized \(0x87\)/);
      },
      {
        filters: [
          { filter: 'a', qos: 1 },
          { filter: 'b', qos: 1 },
        ],
      },
    );
  });

  for (const end of ['the target breaks the connection', 'the run is over'] as const) {
    test(`${driver}: subscriptions that are not answered before ${end} have failed`, async () => {
      const script: Script = (packet, reply, socket) => {
        if (packet.type !== 'subscribe') friendly(packet, reply, socket);
        else if (end === 'the target breaks the connection') socket.destroy();
      };
      await staged(
        driver,
        script,
        async ({ device, events, heard, until, count, errors }) => {
          await until(() => heard.some(({ type }) => type === 'subscribe'), 'SUBSCRIBE');
          if (end === 'the run is over') device.disconnect();
          await until(() => count('subscribesFailed') > 0, 'failed');
          assert.equal(count('subscribesFailed'), 2);
          assert.equal(count('subscribed'), 0);
          assert.ok(!events.includes('ready'));
          assert.equal(errors()['subscribe: no SUBACK'], 2);
        },
        {
          filters: [
            { filter: 'a', qos: 1 },
            { filter: 'b', qos: 1 },
          ],
        },
      );
    });
  }

  test(`${driver}: a connection that breaks is lost once, and what it had in flight has failed`, async () => {
    const script: Script = (packet, reply, socket) => {
      if (packet.type === 'publish') socket.destroy();
      else friendly(packet, reply, socket);
    };
    await staged(driver, script, async ({ device, events, until, count }) => {
      await until(() => events.includes('ready'), 'ready');
      device.publish(message(1), 1, 0);
      device.flush();
      await until(() => events.includes('lost'), 'lost');
      await until(() => count('publishesFailed') === 1, 'failed');
      assert.equal(count('connectionsLost'), 1);
      assert.equal(count('connected'), 0);
      assert.equal(device.inflight, 0);
      assert.equal(device.publish(message(0), 2, 0), false);
    });
  });

  test(`${driver}: a QoS 2 delivery sent twice is delivered once`, async () => {
    const payload = new Uint8Array(HEADER_BYTES);
    writeHeader(payload, 0, RUN, 3, 1, 0, 0);
    const publish: Packet = {
      type: 'publish',
      topic: 'in/x',
      payload,
      qos: 2,
      retain: false,
      dup: false,
      packetId: 9,
    };
    const script: Script = (packet, reply, socket) => {
      friendly(packet, reply, socket);
      if (packet.type !== 'subscribe') return;
      reply(publish);
      reply({ ...publish, dup: true });
      reply({ type: 'pubrel', packetId: 9, reasonCode: 0 });
    };
    await staged(
      driver,
      script,
      async ({ heard, until, count }) => {
        await until(() => heard.some(({ type }) => type === 'pubcomp'), 'released');
        assert.equal(count('deliveriesReceived'), 1);
        assert.equal(count('deliveriesReceivedQos2'), 1);
        assert.equal(count('deliveriesDuplicated'), 0);
      },
      { filters: [{ filter: 'in/#', qos: 2 }] },
    );
  });
}

test('lean: what does not speak MQTT is told from what it said', async () => {
  const script: Script = (_packet, reply) => reply(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await staged('lean', script, async ({ events, until, errors }) => {
    await until(() => events.includes('failed'), 'failed');
    assert.match(Object.keys(errors())[0] ?? '', /does not speak MQTT.*HTTP\/1\.1 400/);
  });
});

test('lean: a DISCONNECT from the target is the reason of the loss', async () => {
  const script: Script = (packet, reply, socket) => {
    friendly(packet, reply, socket);
    if (packet.type === 'publish') reply({ type: 'disconnect', reasonCode: 0x97 });
  };
  await staged('lean', script, async ({ device, events, until, errors }) => {
    await until(() => events.includes('ready'), 'ready');
    device.publish(message(0), 1, 0);
    device.flush();
    await until(() => events.includes('lost'), 'lost');
    assert.match(Object.keys(errors())[0] ?? '', /Quota exceeded \(0x97\)/);
  });
});

test('lean: the receive maximum of the target lowers the window', async () => {
  const script: Script = (packet, reply) => {
    if (packet.type === 'connect')
      reply({ ...WELCOME, properties: { receiveMaximum: 1 } } as Packet);
  };
  await staged('lean', script, async ({ device, events, until }) => {
    await until(() => events.includes('ready'), 'ready');
    assert.equal(device.publish(message(1), 1, 0), true);
    assert.equal(device.publish(message(1), 2, 0), false);
    device.flush();
  });
});

test('lean: pings within the keep-alive, and gives up when no answer comes', async () => {
  let answered = true;
  const script: Script = (packet, reply, socket) => {
    if (packet.type !== 'pingreq' || answered) friendly(packet, reply, socket);
  };
  await staged(
    'lean',
    script,
    async ({ device, events, heard, until, count, errors }) => {
      await until(() => events.includes('ready'), 'ready');
      const nowUs = monotonicClock();
      const beginUs = nowUs();
      // Time passes by what `timer` is told.
      const firstUs = device.timer(beginUs);
      assert.ok(firstUs > beginUs && firstUs < beginUs + 10_000_000, 'within ten seconds');
      const secondUs = device.timer(firstUs + 1);
      await until(() => heard.some(({ type }) => type === 'pingreq'), 'a ping');
      assert.equal(count('pings'), 1);
      await sleep(20);
      answered = false;
      const thirdUs = device.timer(secondUs + 1);
      assert.equal(count('pings'), 2);
      assert.equal(device.timer(thirdUs + 1), Number.POSITIVE_INFINITY);
      await until(() => events.includes('lost'), 'lost');
      assert.match(Object.keys(errors())[0] ?? '', /no PINGRESP/);
    },
    { keepAliveSeconds: 10 },
  );
});

test('lean: a server that says nothing is given up when the time is over', async () => {
  await staged(
    'lean',
    () => undefined,
    async ({ device, events, heard, until, errors }) => {
      await until(() => heard.length === 1, 'CONNECT');
      assert.equal(device.timer(monotonicClock()() + 6_000_000), Number.POSITIVE_INFINITY);
      await until(() => events.includes('failed'), 'failed');
      assert.match(Object.keys(errors())[0] ?? '', /no CONNACK in time/);
    },
  );
});
