import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEVICE_BYTES } from '../fleet/device-memory.js';
import { FleetError } from '../fleet/fleet-error.js';
import { FILES_PER_THREAD, OWN_FILES } from '../fleet/layout.js';
import { deal, waysOf } from './deal.js';
import type { AgentCapacity } from './messages.js';

const GIB = 2 ** 30;

function capacity(more: Partial<AgentCapacity> = {}): AgentCapacity {
  return {
    openFiles: 1_000_000,
    cores: 4,
    ephemeralPorts: { first: 32_768, count: 28_232 },
    memoryBytes: 16 * GIB,
    threads: 3,
    ...more,
  };
}

function dealt(devices: number, agents: Record<string, AgentCapacity>, ways = 1) {
  const demand = { devices, ways, deviceBytes: DEVICE_BYTES.lean };
  return Object.fromEntries(deal(demand, new Map(Object.entries(agents))));
}

function refusal(work: () => unknown): string {
  let text = '';
  assert.throws(work, (error) => {
    assert.ok(error instanceof FleetError && error.code === 'LIMIT');
    text = error.message;
    return true;
  });
  return text;
}

test('agents get shards in proportion to their threads, one after the other', () => {
  assert.deepEqual(dealt(20_000, { a: capacity(), b: capacity({ threads: 1 }) }), {
    a: { firstShard: 0, shards: 3, ofShards: 4, threadsPerProcess: 3, devices: 15_000 },
    b: { firstShard: 3, shards: 1, ofShards: 4, threadsPerProcess: 1, devices: 5_000 },
  });
});

test('a small fleet still uses every agent', () => {
  const { a, b, c } = dealt(10, { a: capacity(), b: capacity(), c: capacity() });
  assert.deepEqual([a!.devices, b!.devices, c!.devices], [4, 3, 3]);
});

test('an agent with few open files spreads its devices over processes', () => {
  const parts = dealt(40_000, {
    a: capacity({ openFiles: 4_096, threads: 2 }),
    b: capacity({ threads: 2 }),
  });
  for (const { devices, shards } of Object.values(parts)) {
    assert.ok(Math.abs(devices - 20_000) <= shards, `${devices}`);
  }
  const { a, b } = parts;
  assert.equal(a!.shards, b!.shards);
  const perShard = Math.ceil(40_000 / a!.ofShards);
  assert.ok(a!.threadsPerProcess * (perShard + FILES_PER_THREAD) + OWN_FILES <= 4_096);
});

test('every device is dealt once, and nobody gets more than it can hold', () => {
  const agent = fc.record({
    threads: fc.integer({ min: 1, max: 16 }),
    openFiles: fc.integer({ min: 2_000, max: 100_000 }),
  });
  fc.assert(
    fc.property(
      // 32 processes of 1,920 devices: more than that one agent of the least is told to lack files.
      fc.integer({ min: 1, max: 60_000 }),
      fc.array(agent, { minLength: 1, maxLength: 12 }),
      (devices, agents) => {
        const named = Object.fromEntries(
          agents.map((more, n) => [`a${n}`, capacity({ ...more, memoryBytes: 100 * GIB })]),
        );
        const parts = Object.values(dealt(devices, named, 50));
        assert.equal(
          parts.reduce((sum, part) => sum + part.devices, 0),
          devices,
        );
        let next = 0;
        for (const [n, part] of parts.entries()) {
          assert.equal(part.firstShard, next);
          next += part.shards;
          const perShard = Math.ceil(devices / part.ofShards);
          const files = part.threadsPerProcess * (perShard + FILES_PER_THREAD) + OWN_FILES;
          assert.ok(part.threadsPerProcess > 0 && files <= agents[n]!.openFiles);
        }
        assert.equal(next, parts[0]!.ofShards);
      },
    ),
  );
});

test('says which agent lacks which ports, files and memory, with the arithmetic', () => {
  const text = refusal(() =>
    dealt(100_000, {
      big: capacity(),
      few: capacity({ openFiles: 256 }),
      small: capacity({ memoryBytes: GIB / 4, ephemeralPorts: { first: 1024, count: 64_000 } }),
    }),
  );
  const ports =
    'big would have 33,3\\d\\d devices over 1 pair of source and target address, 33,3\\d\\d on one, and has 28,232 local ports';
  assert.match(text, new RegExp(ports));
  assert.match(
    text,
    /few would have 348 connections in each of 96 processes and 428 open files, and may have 256/,
  );
  assert.match(
    text,
    /small would need [\d,]+ MiB of memory \(33,3\d\d devices at 8\.69 KiB, .* and has 256 MiB free/,
  );
  assert.ok(!/big would need|small would have/.test(text), text);
});

test('each source address of a target’s family is a way of its own to it', () => {
  const ways = (sourceAddresses: string[], ...hosts: string[]) =>
    waysOf(
      { sourceAddresses },
      hosts.map((host) => ({ host })),
    );
  assert.equal(ways([], '10.0.0.1', 'broker.example'), 2);
  assert.equal(ways(['10.0.0.2', '10.0.0.3', '::2'], '10.0.0.1'), 2);
  assert.equal(ways(['10.0.0.2', '10.0.0.3', '::2'], '10.0.0.1', '::1', 'broker.example'), 5);
  const agent = { one: capacity() };
  assert.throws(() => dealt(50_000, agent, 1), /50,000 on one, and has 28,232 local ports/);
  assert.equal(dealt(50_000, agent, 2).one!.devices, 50_000);
});
