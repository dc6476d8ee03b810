import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CapacityRecord,
  formatTarget,
  type KnownTarget,
  type ServerLaw,
  startKnownTarget,
} from '../bench/mod.js';
import { readRun } from '../results/mod.js';
import { capacity } from './capacity.js';
import { inFolder, runCli, startCli } from './cli-under-test.js';

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
      // Three seconds are too few to tell a backlog that grows by a hundredth from a moment without a processor.
      const long = SHORT.map((arg) => (arg === '3s' ? '6s' : arg));
      const { code, out, err } = await runCli([...args, ...long], { cwd });
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

test('a command line that makes no sense is refused in one line', async () => {
  const screen = { write: () => undefined, live: false, colour: false, width: 80 };
  await inFolder({ 'known.yaml': scenario(1, 1, '10') }, async (folder) => {
    const flags = {
      scenario: join(folder, 'known.yaml'),
      target: 'mqtt://127.0.0.1:9',
      out: join(folder, 'out'),
      ...{ scale: 1, set: [], objective: [], probe: [], json: false, quiet: true },
      ...{ tolerance: '5%', repeats: 3, settle: '1s', measure: '3s', drain: '1s' },
    };
    for (const [changes, complaint] of [
      [{ from: 'x' }, /--from x: expected a load factor/],
      [{ from: '2', to: '1' }, /--to 1: it lies below --from/],
      [{ tolerance: '0%' }, /--tolerance 0%: expected 0.5% to 100%/],
      [{ repeats: 0 }, /--repeats 0: expected a whole number/],
      [{ measure: '1s' }, /--measure 1s: 3s at least/],
      [{ settle: '5' }, /--settle 5: expected a duration/],
      [{ objective: ['p99 < 1'] }, /objective 'p99 < 1'/],
      [{ target: undefined }, /names no target/],
    ] as const) {
      const asked = capacity({ ...flags, ...changes }, [], { out: screen, err: screen });
      await assert.rejects(asked, complaint);
    }
  });
});

test('where nobody listens nothing is left behind', async () => {
  await inFolder({ 'known.yaml': scenario(1, 1, '10') }, async (cwd) => {
    const args = ['capacity', 'known.yaml', '--target', 'mqtt://127.0.0.1:9'];
    const { code, err } = await runCli(args, { cwd });
    assert.equal(code, 3);
    assert.match(err, /refuses connections/);
    assert.ok(!existsSync(join(cwd, 'runs')));
  });
});

test('Ctrl-C ends the step and the search in order, with a record that says so', async () => {
  const law = { service: { kind: 'constant', meanUs: 500 }, seed: 1 } as const;
  await withTarget(law, ({ target }) =>
    inFolder({ 'known.yaml': scenario(5, 1, '100') }, async (cwd) => {
      const args = ['capacity', 'known.yaml', '--target', formatTarget(target), '--out', 'cut'];
      const started = startCli([...args, ...SHORT.slice(0, -1)], { cwd });
      for (let waited = 0; !/^ +1 .* holds$/m.test(started.output.out); waited += 50) {
        assert.ok(waited < 60_000, started.output.out + started.output.err);
        await sleep(50);
      }
      started.process.kill('SIGINT');
      const { code, out } = await started.ended;
      assert.equal(code, 7);
      assert.match(out, /^INTERRUPTED/m);
      const text = readFileSync(join(cwd, 'cut/capacity.json'), 'utf8');
      const { state, answer } = JSON.parse(text) as CapacityRecord;
      assert.deepEqual([state, answer], ['interrupted', null]);
    }),
  );
});
