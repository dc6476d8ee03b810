import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FleetProcess } from './fleet-process.js';
import { PingPongProgram, PingPongServer } from './ping-pong-program.js';
import { quickTable } from './quick-table.js';

const TIMEOUT_MS = 180_000;

/** Figures are of this machine and moment; that there are any, and no NaN among them, is all that is sure. */
const SCRIPTS = [
  ['against-tools', 10],
  ['ping-pong', 4],
  ['cost-of-measuring', 1],
  ['cost-per-device', 10],
] as const;

for (const [script, count] of SCRIPTS) {
  test(`perf/${script} measures on a small scale and prints its table`, async () => {
    const rows = await quickTable(script, TIMEOUT_MS);
    assert.equal(rows.length, count);
    assert.doesNotMatch(rows.join(), /NaN|Infinity|undefined/);
    assert.ok(rows.flat().some((cell) => Number.parseFloat(cell) > 0));
  });
}

const SCENARIO = `name: few
groups:
  - name: d
    count: 2
    publish:
      - topic: bench/%i
        qos: 1
        payload: { bytes: 16 }
        arrivals: { kind: constant, ratePerSec: 100 }
phases: [{ name: ramp, kind: ramp }, { name: steady, kind: steady, duration: 1s }]
`;

test('without measuring, a run sends the same messages and knows of none', async () => {
  const program = await PingPongProgram.compile();
  try {
    const server = await PingPongServer.start(program, 0);
    try {
      const env = {
        NODE_OPTIONS: `--import=${new URL('./without-measuring.js', import.meta.url).href}`,
      };
      const targets = [`mqtt://127.0.0.1:${server.port}`];
      const fleet = await FleetProcess.start({ scenario: SCENARIO, targets, env });
      const { totals, latency } = (await fleet.recorded()).record;
      assert.equal(await server.acknowledged(), 100);
      assert.equal(totals.publishes.sent, 0);
      assert.deepEqual(latency, {});
    } finally {
      await server.stop();
    }
  } finally {
    await program.remove();
  }
});
