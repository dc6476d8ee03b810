import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ClockExchange, clockOffset } from './clock-exchange.js';

test('whatever the delays on the way, the true offset lies within the uncertainty', () => {
  const delay = fc.integer({ min: 0, max: 50_000 });
  fc.assert(
    fc.property(
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 20 }),
      (trueUs, ways) => {
        const exchanges = ways.map(([there, back], at): ClockExchange => {
          const askedUs = at * 100_000;
          return {
            askedUs,
            theirsUs: askedUs + there + trueUs,
            answeredUs: askedUs + there + back,
          };
        });
        const { offsetUs, uncertaintyUs } = clockOffset(exchanges);
        assert.ok(Math.abs(offsetUs - trueUs) <= uncertaintyUs);
        assert.ok(exchanges.every((one) => uncertaintyUs <= (one.answeredUs - one.askedUs) / 2));
      },
    ),
  );
});
