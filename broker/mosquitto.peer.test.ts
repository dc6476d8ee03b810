import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { type RunningBroker, startBroker } from './mod.js';

const VERSIONS = ['mqttv31', 'mqttv311', 'mqttv5'] as const;

/** Debian's mosquitto_pub and mosquitto_sub (package mosquitto-clients) against a node. */
describe('mosquitto clients', () => {
  let broker: RunningBroker;
  let at: string[] = [];
  const children: ChildProcess[] = [];
  before(async () => {
    broker = await startBroker({ port: 0, sysIntervalMs: 0 });
    at = ['-h', '127.0.0.1', '-p', String(broker.listeners[0]?.port)];
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await broker.close(500);
  });

  function run(command: string, ...args: string[]): ChildProcess {
    const child = spawn(command, [...at, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.once('error', (error) => {
      throw new Error(`${command}: ${error.message}; install mosquitto-clients (scripts/peers)`);
    });
    children.push(child);
    return child;
  }

  /** Lines of a subscriber, which is subscribed when this resolves. */
  async function subscribed(...args: string[]): Promise<{ lines: Promise<string[]> }> {
    const before = broker.stats().gauges['subscriptions.count'];
    const child = run('mosquitto_sub', ...args);
    const lines = (async () => {
      const all: string[] = [];
      for await (const line of createInterface({ input: child.stdout! })) all.push(line);
      return all;
    })();
    while (broker.stats().gauges['subscriptions.count'] === before) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { lines };
  }

  async function publish(...args: string[]): Promise<void> {
    const child = run('mosquitto_pub', ...args);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  }

  for (const version of VERSIONS) {
    it(`publish and subscribe with each QoS, ${version}`, async () => {
      const format = ['-F', '%t %q %r %p'];
      const options = ['-V', version, '-q', '2', '-C', '3', ...format];
      const { lines } = await subscribed('-t', `a/${version}/+`, ...options);
      for (const qos of ['0', '1', '2']) {
        await publish('-V', version, '-q', qos, '-t', `a/${version}/${qos}`, '-m', `hello ${qos}`);
      }
      assert.deepEqual(await lines, [
        `a/${version}/0 0 0 hello 0`,
        `a/${version}/1 1 0 hello 1`,
        `a/${version}/2 2 0 hello 2`,
      ]);
    });

    it(`get retained messages and wills, ${version}`, async () => {
      await publish('-V', version, '-r', '-q', '1', '-t', `r/${version}`, '-m', 'kept');
      const { lines } = await subscribed(
        ...['-V', version, '-t', `r/${version}`, '-t', `w/${version}`],
        ...['-q', '1', '-C', '2', '-F', '%t %r %p'],
      );
      const dying = run(
        'mosquitto_sub',
        ...['-V', version, '-t', 'nothing', '-q', '1'],
        ...['--will-topic', `w/${version}`, '--will-payload', 'bye', '--will-qos', '1'],
      );
      const connections = broker.stats().counters['client.connected'];
      while (broker.stats().counters['client.connected'] === connections) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      dying.kill('SIGKILL');
      assert.deepEqual(await lines, [`r/${version} 1 kept`, `w/${version} 0 bye`]);
    });

    it(`resume a session and get what they missed, ${version}`, async () => {
      const session = [
        ...['-V', version, '-i', `lasting-${version}`, '-c', '-q', '2', '-t', `s/${version}`],
        ...(version === 'mqttv5' ? ['-x', '60'] : []),
      ];
      const first = run('mosquitto_sub', ...session, '-E');
      await once(first, 'exit');
      for (const n of [1, 2, 3, 4]) {
        const qos = n % 2 === 0 ? '1' : '2';
        await publish('-V', version, '-q', qos, '-t', `s/${version}`, '-m', `${n}`);
      }
      const second = run('mosquitto_sub', ...session, '-C', '4', '-F', '%q %p');
      const got: string[] = [];
      for await (const line of createInterface({ input: second.stdout! })) got.push(line);
      // The client shows a QoS 2 message only with its PUBREL.
      assert.deepEqual(got.sort(), ['1 2', '1 4', '2 1', '2 3']);
    });
  }

  it('stream many messages without losing one', async () => {
    const { lines } = await subscribed('-V', 'mqttv5', '-t', 'many', '-q', '1', '-C', '5000');
    const publisher = run('mosquitto_pub', '-V', 'mqttv5', '-q', '1', '-t', 'many', '-l');
    publisher.stdin?.end(Array.from({ length: 5000 }, (_, n) => `${n}\n`).join(''));
    assert.deepEqual(
      await lines,
      Array.from({ length: 5000 }, (_, n) => `${n}`),
    );
  });

  it('see MQTT 5 properties', async () => {
    const { lines } = await subscribed(
      ...['-V', 'mqttv5', '-t', 'p', '-q', '1', '-C', '1'],
      ...['-F', '%C %R %D %E %P %p'],
    );
    await publish(
      ...['-V', 'mqttv5', '-q', '1', '-t', 'p', '-m', 'x'],
      ...['-D', 'PUBLISH', 'content-type', 'text/plain'],
      ...['-D', 'PUBLISH', 'response-topic', 'answer'],
      ...['-D', 'PUBLISH', 'correlation-data', 'c0'],
      ...['-D', 'PUBLISH', 'message-expiry-interval', '77'],
      ...['-D', 'PUBLISH', 'user-property', 'k', 'v'],
    );
    assert.deepEqual(await lines, ['text/plain answer c0 77 k:v x']);
  });
});
