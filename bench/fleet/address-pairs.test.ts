import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressPairs } from './address-pairs.js';
import { FleetError } from './fleet-error.js';
import type { ResolvedTarget } from './resolve-targets.js';
import { Ways } from './ways.js';

function target(n: number, addresses: number): ResolvedTarget {
  const own = Array.from({ length: addresses }, (_, a) => `10.0.${n}.${a + 1}`);
  return { transport: 'mqtt', host: `t${n}`, port: 1883, path: '', addresses: own };
}

const shape = fc.record({
  targets: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  sources: fc.integer({ min: 0, max: 4 }),
  devices: fc.integer({ min: 1, max: 2000 }),
  shards: fc.integer({ min: 1, max: 8 }),
});

test('device n goes to target n modulo their number, and no pair has more than its part', () => {
  fc.assert(
    fc.property(shape, ({ targets, sources, devices }) => {
      const resolved = targets.map((addresses, n) => target(n, addresses));
      const from = Array.from({ length: sources }, (_, s) => `127.0.0.${s + 1}`);
      const pairs = new AddressPairs(resolved, from);
      const load = new Map<number, number>();
      for (let device = 0; device < devices; device++) {
        const pair = pairs.of(device);
        assert.equal(pair.target, resolved[device % targets.length]);
        load.set(pair.index, (load.get(pair.index) ?? 0) + 1);
      }
      for (const { index, period } of pairs.all) {
        assert.ok((load.get(index) ?? 0) <= Math.ceil(devices / period));
        assert.ok((load.get(index) ?? 0) >= Math.floor(devices / period));
      }
      const busiest = Math.max(...load.values());
      assert.ok(busiest <= Math.ceil(devices / pairs.shortestPeriod));
      assert.ok(busiest >= Math.floor(devices / pairs.shortestPeriod));
    }),
  );
});

test('no two devices of a fleet take the same port of the same pair, as long as there are ports', () => {
  fc.assert(
    fc.property(shape, ({ targets, sources, devices, shards }) => {
      const resolved = targets.map((addresses, n) => target(n, addresses));
      const from = Array.from({ length: sources }, (_, s) => `127.0.0.${s + 1}`);
      const busiest = Math.ceil(devices / new AddressPairs(resolved, from).shortestPeriod);
      // Parts of the range are whole ports, so each shard may leave one over.
      const range = { first: 20_000, count: busiest + 2 * shards };
      const taken = new Set<string>();
      for (let shard = 0; shard < shards; shard++) {
        const ways = new Ways(
          resolved,
          from,
          { ...range, part: shard, parts: shards },
          shards,
          0.4,
        );
        for (let device = shard; device < devices; device += shards) {
          const pair = ways.of(device);
          const port = ways.ports(pair).next();
          const way = `${pair.index}:${port}`;
          assert.ok(!taken.has(way), `device ${device}: ${way} is taken`);
          assert.ok(port >= range.first && port < range.first + range.count);
          taken.add(way);
        }
      }
    }),
  );
});

test('a source address goes to the addresses of its own family, and a target without any is refused', () => {
  const both = { ...target(1, 0), addresses: ['127.0.0.1', '::1'] };
  const pairs = new AddressPairs([both], ['127.0.0.2', '::1', '127.0.0.3']);
  assert.deepEqual(
    pairs.all.map(({ sourceAddress, address }) => [sourceAddress, address]),
    [
      ['127.0.0.2', '127.0.0.1'],
      ['::1', '::1'],
      ['127.0.0.3', '127.0.0.1'],
    ],
  );
  assert.deepEqual(
    new AddressPairs([both], ['127.0.0.2']).all.map(({ address }) => address),
    ['127.0.0.1'],
  );
  const six = { ...target(1, 0), addresses: ['::1'] };
  assert.throws(
    () => new AddressPairs([six], ['127.0.0.2']),
    (error) =>
      error instanceof FleetError && /t1 has no address of the family .*: ::1$/.test(error.message),
  );
});
