import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GroupIdentity } from './identity.js';
import { loadScenario } from './load.js';
import { parseScenario } from './parse.js';
import { compilePayload, type PayloadValues } from './payload.js';

const yaml = (payload: string) =>
  `name: s\ngroups: [{ name: g, count: 10, publish: [{ topic: t, payload: ${payload} }] }]\nphases: [{ name: r, kind: ramp }]\n`;

function* messages(group: ConstructorParameters<typeof GroupIdentity>[0], count: number) {
  const identity = new GroupIdentity(group, '0000', 7);
  const values: PayloadValues = { ...identity.valuesOf(0, 0), wallUs: 0 };
  for (let message = 1; message <= count; message++) yield { ...values, message };
}

function sizes(payload: string, count = 20_000): number[] {
  const [group] = parseScenario(yaml(payload), 's.yaml').groups;
  const compiled = compilePayload(group!.publish[0]!.payload);
  return [...messages(group!, count)].map((values) => compiled.sizeBytes(values));
}

const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

test('sizes follow their law, and the seed: the same message has the same size', () => {
  const even = sizes('{ bytes: { min: 100, max: 199 } }');
  assert.equal(Math.min(...even), 100);
  assert.equal(Math.max(...even), 199);
  assert.ok(Math.abs(mean(even) - 149.5) < 1, `${mean(even)}`);
  assert.deepEqual(sizes('{ bytes: { min: 100, max: 199 } }', 50), even.slice(0, 50));

  const chosen = sizes('{ bytes: { choice: [[64, 9], [1k, 1]] } }');
  assert.deepEqual([...new Set(chosen)].sort(), [1000, 64]);
  const large = chosen.filter((bytes) => bytes === 1000).length / chosen.length;
  assert.ok(Math.abs(large - 0.1) < 0.01, `${large}`);

  const law = sizes('{ bytes: { lognormal: { mean: 512, sigma: 0.5 } } }');
  assert.ok(Math.abs(mean(law) - 512) < 10, `${mean(law)}`);
  const logs = law.map(Math.log);
  const centre = mean(logs);
  const sigma = Math.sqrt(mean(logs.map((log) => (log - centre) ** 2)));
  assert.ok(Math.abs(sigma - 0.5) < 0.02, `${sigma}`);
});

test('payloads have the measurement header where every size has room for it', () => {
  const headerBytes = (payload: string) =>
    compilePayload(parseScenario(yaml(payload), 's').groups[0]!.publish[0]!.payload).headerBytes;
  assert.equal(headerBytes('{ bytes: { min: 16, max: 20 } }'), 16);
  assert.equal(headerBytes('{ bytes: { min: 15, max: 20 } }'), 0);
  assert.equal(headerBytes('{ bytes: { choice: [[16, 1], [8, 1]] } }'), 0);
  assert.equal(headerBytes('{ bytes: { lognormal: { mean: 20, sigma: 2 } } }'), 16);
});

test("sizes include emqtt-bench's headers, and the measurement header has room behind them", () => {
  const sized = (size: string) => {
    const payload = `{ bytes: ${size}, benchHeaders: [cnt64, ts] }`;
    const compiled = compilePayload(
      parseScenario(yaml(payload), 's').groups[0]!.publish[0]!.payload,
    );
    return { ...sizeRange(sizes(payload, 2000)), headerBytes: compiled.headerBytes };
  };
  const sizeRange = (all: number[]) => ({ min: Math.min(...all), max: Math.max(...all) });
  assert.deepEqual(sized('{ min: 32, max: 40 }'), { min: 32, max: 40, headerBytes: 16 });
  assert.deepEqual(sized('{ min: 16, max: 40 }'), { min: 16, max: 40, headerBytes: 0 });
  const law = sized('{ lognormal: { mean: 40, sigma: 2, max: 99 } }');
  assert.deepEqual(law, { min: 32, max: 99, headerBytes: 16 });
  assert.throws(() => sized('{ min: 15, max: 40 }'), /at least the 16 of benchHeaders/);
});

test('sizes that are none are told', () => {
  for (const bytes of [
    '{ min: 5 }',
    '{ min: 5, max: 4 }',
    '{ min: 1, max: 2, choice: [[1, 1]] }',
    '{ choice: [] }',
  ]) {
    assert.throws(
      () => parseScenario(yaml(`{ bytes: ${bytes} }`), 's.yaml'),
      /payload\.bytes|payload: expected/,
    );
  }
});

test('payload files: found beside the scenario, dealt out by the seed, missed before anything connects', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-'));
  try {
    await mkdir(join(folder, 'many'));
    await writeFile(join(folder, 'one.bin'), 'first');
    await writeFile(join(folder, 'many', 'b'), 'second');
    await writeFile(join(folder, 'many', 'a'), 'third!!');
    const load = async (payload: string) => {
      await writeFile(join(folder, 's.yaml'), yaml(payload));
      return (await loadScenario(join(folder, 's.yaml'))).groups[0]!;
    };
    const texts = (group: Awaited<ReturnType<typeof load>>, count: number) => {
      const compiled = compilePayload(group.publish[0]!.payload);
      return [...messages(group, count)].map((values) => {
        const bytes = new Uint8Array(compiled.sizeBytes(values));
        compiled.fill(bytes, 0, values);
        return Buffer.from(bytes.subarray(compiled.headerBytes)).toString();
      });
    };
    assert.deepEqual(texts(await load('{ file: one.bin }'), 2), ['first', 'first']);
    const timed = await load('{ file: one.bin, header: true }');
    assert.equal(compilePayload(timed.publish[0]!.payload).headerBytes, 16);
    assert.deepEqual(texts(timed, 1), ['first']);
    const dealt = texts(await load('{ file: [one.bin, many] }'), 300);
    for (const text of ['first', 'second', 'third!!']) {
      const times = dealt.filter((one) => one === text).length;
      assert.ok(times > 60 && times < 140, `${text}: ${times}`);
    }
    await assert.rejects(
      load('{ file: none.bin }'),
      /none\.bin: expected a file of payload that can be read \(ENOENT\)/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
