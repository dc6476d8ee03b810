import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CpuModel } from './cost-model.js';
import type { ByQos, Demand } from './demand.js';
import { EstimateError } from './estimate-error.js';
import { extrapolations } from './extrapolation.js';
import { type Feature, loadOf } from './load.js';
import type { MemoryModel } from './memory-model.js';
import type { Fitted } from './regression.js';
import { sizeNodes } from './sizing.js';

const exact = (value: number): Fitted => ({ value, low: value, high: value });

const COSTS: readonly (readonly [readonly Feature[], readonly number[], number])[] = [
  [['connections'], [1], 1e-6],
  [['connects'], [1], 100e-6],
  [['publishesQos0'], [1], 10e-6],
  [['deliveriesQos0'], [1], 5e-6],
  [['publishesQos1', 'deliveriesQos1'], [1, 1], 40e-6],
];

/** Known costs: no fit, no noise. */
const CPU: CpuModel = {
  base: exact(0.01),
  baseKnown: true,
  costs: COSTS.map(([features, ratios, value]) => ({
    ...exact(value),
    group: { features, ratios },
    windows: 10,
  })),
  missing: new Map([
    ['publishesQos2', 'never happened'],
    ['deliveriesQos2', 'never happened'],
    ['bytes', 'moved with the others'],
  ]),
  draws: [0.9, 1, 1.1].map((noise) =>
    Float64Array.of(0.01, ...COSTS.map(([, , value]) => value * noise)),
  ),
  fit: { windows: 50, r2: 0.99, typicalError: 0.01, blockRows: 2, phases: [] },
  measured: {
    largest: loadOf(
      (feature) => ({ connections: 10_000, connects: 500, bytes: 1e6 })[feature as string] ?? 1_000,
    ),
    cpuPerProcess: 0.5,
    bytesPerMessage: 100,
  },
};

const MEMORY: MemoryModel = {
  base: exact(50e6),
  perConnection: exact(10_000),
  workingBytes: 10e6,
  r2: 0.99,
  samples: 50,
  draws: [0, 1, 2].map(() => Float64Array.of(50e6, 10_000)),
};

const DEMAND: Demand = {
  connections: 1_000_000,
  publishesPerSec: [0, 0, 0],
  deliveriesPerSec: [0, 0, 0],
  payloadBytes: 64,
  topicBytes: 16,
  keepAliveSec: 60,
  connectRatePerSec: 0,
  reconnectMinutes: undefined,
  threadsPerProcess: 1,
  node: { name: undefined, cores: 4, memoryGiB: 16, nicGbps: 10 },
  policy: { cpuCeiling: 0.7, memoryCeiling: 0.7, networkCeiling: 0.7, nodesMayFail: 1 },
};

const size = (demand: Partial<Demand>, cpu = CPU) =>
  sizeNodes({ ...DEMAND, ...demand }, cpu, MEMORY);

describe('sizing', () => {
  it('divides the need by the room of a node and adds the nodes that may fail', () => {
    // CPU: 300k × 10 µs + 300k × 5 µs + 1m × 1 µs = 5.5 cores; a node has 4 × (0.7 − 0.01) = 2.76.
    const sizing = size({
      publishesPerSec: [300_000, 0, 0],
      deliveriesPerSec: [300_000, 0, 0],
    });
    assert.equal(sizing.processesPerNode, 4);
    assert.ok(Math.abs(sizing.need.cpu - 5.5) < 1e-9);
    assert.ok(Math.abs(sizing.room.cpu - 2.76) < 1e-9);
    assert.equal(sizing.carrying, 2);
    assert.equal(sizing.nodes, 3);
    assert.equal(sizing.binds, 'cpu');
    assert.ok(Math.abs(sizing.afterFailure.cpu - (5.5 / 2 + 0.04) / 4) < 1e-9);
    assert.ok(Math.abs(sizing.allUp.cpu - (5.5 / 3 + 0.04) / 4) < 1e-9);
  });

  it('says memory binds where it does, and keeps the base and the peak of each process free', () => {
    const sizing = size({ connections: 2_000_000 });
    const room = 0.7 * 16 * 2 ** 30 - 4 * 60e6;
    assert.equal(sizing.binds, 'memory');
    assert.ok(Math.abs(sizing.nodesNeeded.memory - 20e9 / room) < 1e-9);
    assert.equal(sizing.nodes, 3);
  });

  it('says the network binds, in the direction that is full', () => {
    const sizing = size({
      publishesPerSec: [2_000, 0, 0],
      deliveriesPerSec: [200_000, 0, 0],
      payloadBytes: 8_192,
    });
    assert.equal(sizing.binds, 'networkOut');
    assert.ok(sizing.nodesNeeded.networkOut > sizing.nodesNeeded.networkIn);
  });

  it('counts a process of several threads as one', () => {
    const sizing = size({ threadsPerProcess: 3, connections: 1_000 });
    assert.equal(sizing.processesPerNode, 1);
    assert.ok(Math.abs(sizing.room.cpu - (3 * 0.7 - 0.01)) < 1e-9);
  });

  it('carries the reconnect case on top of full traffic', () => {
    const calm = size({});
    const storm = size({ reconnectMinutes: 1 });
    assert.ok(Math.abs(storm.need.cpu - calm.need.cpu - (1_000_000 / 60) * 100e-6) < 1e-9);
  });

  it('spreads the interval over the draws', () => {
    const { interval, nodes } = size({ publishesPerSec: [6_000_000, 0, 0] });
    assert.ok(interval.low < nodes && nodes < interval.high, JSON.stringify(interval));
  });

  it('spreads the interval over every split of a cost that was not split', () => {
    const sameShape = {
      publishesPerSec: [0, 1e5, 0] as ByQos,
      deliveriesPerSec: [0, 1e5, 0] as ByQos,
    };
    const fanOut = {
      publishesPerSec: [0, 1e4, 0] as ByQos,
      deliveriesPerSec: [0, 1.9e5, 0] as ByQos,
    };
    const sure = size(sameShape).interval;
    const unsure = size(fanOut).interval;
    assert.ok(unsure.low < sure.low && unsure.high > sure.high, JSON.stringify({ sure, unsure }));
  });

  it('never needs fewer nodes for a larger demand', () => {
    const rate = fc.integer({ min: 0, max: 300_000 });
    const more = fc.record({
      connections: fc.integer({ min: 0, max: 1_000_000 }),
      publishes0: rate,
      publishes1: rate,
      deliveries0: rate,
      deliveries1: rate,
      payloadBytes: fc.integer({ min: 0, max: 10_000 }),
      topicBytes: fc.integer({ min: 0, max: 100 }),
      connectRatePerSec: fc.integer({ min: 0, max: 10_000 }),
      nodesMayFail: fc.integer({ min: 0, max: 3 }),
    });
    const grown = (
      demand: Demand,
      by: typeof more extends fc.Arbitrary<infer T> ? T : never,
    ): Demand => ({
      ...demand,
      connections: demand.connections + by.connections,
      publishesPerSec: [
        demand.publishesPerSec[0] + by.publishes0,
        demand.publishesPerSec[1] + by.publishes1,
        0,
      ],
      deliveriesPerSec: [
        demand.deliveriesPerSec[0] + by.deliveries0,
        demand.deliveriesPerSec[1] + by.deliveries1,
        0,
      ],
      payloadBytes: demand.payloadBytes + by.payloadBytes,
      topicBytes: demand.topicBytes + by.topicBytes,
      connectRatePerSec: demand.connectRatePerSec + by.connectRatePerSec,
      policy: { ...demand.policy, nodesMayFail: demand.policy.nodesMayFail + by.nodesMayFail },
    });
    fc.assert(
      fc.property(more, more, (start, growth) => {
        const small = grown(DEMAND, start);
        const before = sizeNodes(small, CPU, MEMORY);
        const after = sizeNodes(grown(small, growth), CPU, MEMORY);
        assert.ok(after.nodes >= before.nodes);
        assert.ok(after.interval.low >= before.interval.low);
        assert.ok(after.interval.high >= before.interval.high);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps every resource under its ceiling after the failure', () => {
    const rate = fc.integer({ min: 0, max: 500_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000_000 }), rate, rate, (connections, p, d) => {
        const { afterFailure, allUp } = size({
          connections,
          publishesPerSec: [p, 0, 0],
          deliveriesPerSec: [d, 0, 0],
        });
        for (const resource of ['cpu', 'memory', 'networkIn', 'networkOut'] as const) {
          assert.ok(afterFailure[resource] <= 0.7 + 1e-9, resource);
          assert.ok(allUp[resource] <= afterFailure[resource]);
        }
      }),
    );
  });

  it('refuses a demand whose costs were not measured, by name', () => {
    assert.throws(
      () => size({ publishesPerSec: [0, 0, 5], deliveriesPerSec: [0, 0, 5] }),
      (error) =>
        error instanceof EstimateError &&
        error.code === 'NOT_MEASURED' &&
        /publishes QoS 2 \(never happened\), deliveries QoS 2 \(never happened\)/.test(
          error.message,
        ),
    );
  });

  it('refuses a node that its idle processes fill', () => {
    const node = { ...DEMAND.node, memoryGiB: 0.25 };
    assert.throws(
      () => size({ node }),
      (error) =>
        error instanceof EstimateError &&
        error.code === 'NODE_TOO_SMALL' &&
        /0\.25 GiB at a ceiling of 0\.7 do not hold 4 idle broker processes/.test(error.message),
    );
  });
});

describe('extrapolation', () => {
  const notes = (demand: Partial<Demand>) => {
    const whole = { ...DEMAND, ...demand };
    return extrapolations(whole, CPU, sizeNodes(whole, CPU, MEMORY));
  };

  it('is said for every input beyond twice the largest measured, the furthest first', () => {
    const found = notes({ publishesPerSec: [2_500, 0, 0], deliveriesPerSec: [2_000, 0, 0] });
    assert.deepEqual(
      found.map(({ text }) => text),
      [
        '1,000,000 connections is 100× the 10,000 measured: an extrapolation (250,000 in each broker process, 25×)',
        '2,500/s publishes QoS 0 is 2.5× the 1,000/s measured: an extrapolation (625/s in each broker process, 0.63×)',
      ],
    );
  });

  it('is not said for what was measured', () => {
    assert.deepEqual(notes({ connections: 20_000 }), []);
  });

  it('is said for messages of another size, and why that matters', () => {
    const [size] = notes({
      connections: 10_000,
      publishesPerSec: [10, 0, 0],
      deliveriesPerSec: [10, 0, 0],
      payloadBytes: 980,
    });
    assert.equal(size!.input, 'bytesPerMessage');
    assert.match(
      size!.text,
      /^1,002 bytes of MQTT for a message is 10× the 100 measured: an extrapolation; no run varied the size/,
    );
  });

  it('is said for a core busier than any that was measured', () => {
    const quiet = { ...CPU, measured: { ...CPU.measured, cpuPerProcess: 0.1 } };
    const demand = { ...DEMAND, connections: 600_000, node: { ...DEMAND.node, cores: 1 } };
    const [cpu] = extrapolations(demand, quiet, sizeNodes(demand, quiet, MEMORY)).filter(
      ({ input }) => input === 'cpuPerProcess',
    );
    assert.equal(
      cpu!.text,
      '0.61 cores in use by one broker process is 6.1× the 0.10 measured: an extrapolation',
    );
  });
});
