import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOneShard } from './testing/one-shard.js';
import { recordingTarget } from './testing/recording-target.js';

/** Two clients at 10 ms, a target that acknowledges after 200 ms: the case of emqtt-bench's in-flight window. */
const scenario = (driver: string, inflight: number) => `name: t
groups:
  - name: g
    count: 2
    driver: ${driver}
    inflight: ${inflight}
    publish:
      - { topic: t/%i, qos: 1, arrivals: { kind: periodic, interval: 10ms } }
phases: [{ name: r, kind: ramp }, { name: s, kind: steady, duration: 1m }]
`;

for (const driver of ['lean', 'mqttjs']) {
  test(`${driver}: inflight messages are really in flight where acknowledgements are late`, async () => {
    const sent: number[] = [];
    for (const inflight of [1, 100]) {
      const target = await recordingTarget({ ackAfterMs: 200 });
      try {
        const { count } = await runOneShard(scenario(driver, inflight), {
          port: target.port,
          loadMs: 2000,
        });
        sent.push(count('publishesSent'));
      } finally {
        await target.close();
      }
    }
    // One at a time: 2 clients × 2 s ÷ 200 ms. A hundred: all that is due, 200/s.
    assert.ok(sent[0]! <= 24, `${sent[0]} with a window of 1`);
    assert.ok(sent[1]! >= 340 && sent[1]! <= 440, `${sent[1]} with a window of 100`);
  });
}
