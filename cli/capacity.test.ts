import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type CapacityRecord,
  formatTarget,
  type KnownTarget,
  type ServerLaw,
  startKnownTarget,
} from '../bench/mod.js';
import { readRun } from '../results/mod.js';
import { inFolder, runCli } from './cli-under-test.js';

function scenario(count: number, qos: number, perSec: string): string {
  return `
name: known
connect: { ratePerSec: 500 }
groups:
  - name: senders
    count: ${count}
    publish:
      - { topic: t/%i, qos: ${qos}, payload: { bytes: 16 }, arrivals: { kind: constant, ratePerSec: ${perSec} } }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 5s }
`;
}

async function withTarget(law: ServerLaw, play: (target: KnownTarget) => Promise<void>) {
  const target = await startKnownTarget(law);
  try {
    await play(target);
  } finally {
    await target.stop();
  }
}

const SHORT = ['--settle', '500ms', '--measure', '3s', '--drain', '500ms', '--quiet'];

test('a capacity of 2,000/s is found within 5 %, with a record for each step and a picture', async () => {
  const law = { service: { kind: 'constant', meanUs: 500 }, seed: 1 } as const;
  await withTarget(law, ({ target }) =>
    inFolder({ 'known.yaml': scenario(20, 1, '1000') }, async (cwd) => {
      const search = ['--from', '1600/s', '--tolerance', '10%', '--repeats', '1', '--out', 'found'];
      const args = ['capacity', 'known.yaml', '--target', formatTarget(target), ...search];
      const { code, out, err } = await runCli([...args, ...SHORT], { cwd });
      assert.equal(code, 0, `${out}${err}`);
      assert.match(out, /^CAPACITY {2}[\d,]+\/s to [\d,]+\/s published/m);
      const text = readFileSync(join(cwd, 'found/capacity.json'), 'utf8');
      const record = JSON.parse(text) as CapacityRecord;
      const { answer, steps } = record;
      const middle = Math.sqrt(answer!.holds!.load * answer!.breaks!.load) * 1000;
      assert.ok(Math.abs(middle / 2000 - 1) < 0.05, `${middle}: ${text}`);
      assert.ok(answer!.low! <= 2 && 2 <= answer!.high!, text);
      for (const { run, load } of steps) {
        const { record } = await readRun(join(cwd, 'found', run));
        assert.deepEqual(record.phases.at(-2)!.load, { senders: load });
      }
      const picture = readFileSync(join(cwd, 'found/capacity.svg'), 'utf8');
      assert.equal(picture.match(/<circle/g)!.length, 4 * new Set(steps.map((s) => s.load)).size);
      const again = await runCli([...args, ...SHORT], { cwd });
      assert.equal(again.code, 2);
      assert.match(again.err, /found already holds a capacity record/);
    }),
  );
});

test('a generator that cannot offer more than the target takes ends in "at least", and exit 6', async () => {
  const law = { service: { kind: 'constant', meanUs: 0 }, seed: 1 } as const;
  await withTarget(law, ({ target }) =>
    inFolder({ 'fast.yaml': scenario(50, 0, '1m') }, async (cwd) => {
      const search = [
        '--from',
        '400k/s',
        '--tolerance',
        '100%',
        '--repeats',
        '1',
        '--threads',
        '1',
      ];
      const args = ['capacity', 'fast.yaml', '--target', formatTarget(target), ...search];
      const { code, out, err } = await runCli([...args, ...SHORT, '--json'], { cwd });
      assert.equal(code, 6, `${out}${err}`);
      const { answer, steps } = JSON.parse(out) as CapacityRecord;
      assert.equal(answer!.kind, 'at-least');
      assert.equal(answer!.limit, 'generator');
      assert.equal(answer!.high, null);
      assert.ok(
        steps.some(({ outcome, verdict }) => outcome === 'starved' && verdict === 'invalid'),
      );
    }),
  );
});

test('a command line that makes no sense is refused in one line, and leaves nothing behind', async () => {
  await inFolder({ 'known.yaml': scenario(1, 1, '10') }, async (cwd) => {
    const target = ['--target', 'mqtt://127.0.0.1:9'];
    for (const [args, complaint] of [
      [[...target, '--from', 'x'], /--from x: expected a load factor/],
      [[...target, '--from', '2', '--to', '1'], /--to 1: it lies below --from/],
      [[...target, '--tolerance', '0%'], /--tolerance 0%: expected 0.5% to 100%/],
      [[...target, '--repeats', '0'], /--repeats 0: expected a whole number/],
      [[...target, '--measure', '1s'], /--measure 1s: 3s at least/],
      [[...target, '--settle', '5'], /--settle 5: expected a duration/],
      [[...target, '--objective', 'p99 < 1'], /objective 'p99 < 1'/],
      [[], /names no target/],
    ] as const) {
      const { code, err } = await runCli(['capacity', 'known.yaml', ...args], { cwd });
      assert.equal(code, 2, err);
      assert.match(err, complaint);
      assert.equal(err.trim().split('\n').length, 1, err);
    }
    const { code } = await runCli(['capacity', 'known.yaml', ...target], { cwd });
    assert.equal(code, 3, 'nobody listens');
    assert.ok(!existsSync(join(cwd, 'runs')));
  });
});
