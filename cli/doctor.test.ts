import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBrokerProcess } from './broker-process.js';
import { inFolder, runCli } from './cli-under-test.js';
import { freePort } from './free-port.js';

interface Answer {
  state: string;
  checks: { what: string; needs: string; has: string; state: string; fix: string[] }[];
}

test('doctor finds this machine fit for a small run against a broker that answers, exit 0', async () => {
  await inFolder({}, async (folder) => {
    const broker = await startBrokerProcess({ env: { XDG_RUNTIME_DIR: folder } });
    try {
      const target = `mqtt://127.0.0.1:${broker.port}`;
      const shown = await runCli(['doctor', 'smoke', '--target', target]);
      assert.equal(shown.code, 0, shown.out + shown.err);
      assert.match(shown.out, /^FIT/);
      assert.match(shown.out, /\n {2}ok +local ports +100 to 127\.0\.0\.1:\d+ +[\d,]+ \(/);
      assert.match(shown.out, /\n {2}ok +target’s files +100 at .*\(pid \d+\)/);
      assert.match(shown.out, /\n {2}ok +target answers .*CONNACK in/);
      const json = await runCli(['doctor', 'smoke', '--target', target, '--json']);
      const { state, checks } = JSON.parse(json.out) as Answer;
      assert.ok(state === 'ok' || state === 'warn', json.out);
      for (const what of ['memory, both ends', 'clock', 'stolen CPU', 'Node']) {
        assert.ok(
          checks.some((check) => check.what === what),
          what,
        );
      }
    } finally {
      await broker.stop();
    }
  });
});

test('doctor and run refuse the same plan in the same words, exit 2', async () => {
  const port = await freePort('127.0.0.1');
  const args = ['conn-tcp-1m-5k', '--target', `mqtt://127.0.0.1:${port}`];
  const [shown, ran] = [
    await runCli(['doctor', ...args, '--json']),
    await runCli(['run', ...args]),
  ];
  assert.equal(shown.code, 2, shown.err);
  assert.equal(ran.code, 2, ran.err);
  const { checks } = JSON.parse(shown.out) as Answer;
  const ports = checks.find(({ what }) => what === 'local ports')!;
  assert.equal(ports.state, 'fail');
  assert.ok(ran.err.includes(`local ports: needs ${ports.needs}, has ${ports.has}: `), ran.err);
});

test('doctor says that a target does not answer, exit 3', async () => {
  const port = await freePort('127.0.0.1');
  const shown = await runCli(['doctor', '--target', `mqtt://127.0.0.1:${port}`]);
  assert.equal(shown.code, 3, shown.out + shown.err);
  assert.match(shown.out, /\n {2}fail {2}target answers .*\n +→ refuses connections/);
});
