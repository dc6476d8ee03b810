import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SourcePorts } from './source-ports.js';

test('threads walk disjoint parts of the range, each port once before any comes again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1024, max: 60_000 }),
      fc.integer({ min: 50, max: 400 }),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (low, ports, parts, start) => {
        const seen = new Set<number>();
        for (let part = 0; part < parts; part++) {
          const source = new SourcePorts(low, ports, part, parts, start);
          const own = Math.floor((ports - part) / parts);
          for (let k = 0; k < own; k++) {
            const port = source.next();
            assert.ok(port >= low && port < low + ports, `${port}`);
            assert.ok(!seen.has(port), `${port} twice`);
            seen.add(port);
          }
          assert.ok(seen.has(source.next()));
        }
      },
    ),
  );
});
