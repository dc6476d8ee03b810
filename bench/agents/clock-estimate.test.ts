import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClockEstimate } from './clock-estimate.js';

const delayUs = fc.double({ min: 0, max: 50_000, noNaN: true });
const way = fc.record({ there: delayUs, back: delayUs, held: delayUs });

test('the true offset is within the uncertainty, however unlike the two ways are and while the clocks drift', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      fc.double({ min: -29e-6, max: 29e-6, noNaN: true }),
      fc.array(way, { minLength: 1, maxLength: 100 }),
      (offsetUs, drift, ways) => {
        const estimate = new ClockEstimate();
        let truthUs = 0;
        // The other clock is the truth; this one runs away from it.
        const here = (atUs: number): number => atUs + offsetUs + drift * atUs;
        for (const { there, back, held } of ways) {
          const sentUs = here(truthUs);
          const thereReceivedUs = truthUs + there;
          const thereSentUs = thereReceivedUs + held;
          truthUs = thereSentUs + back;
          estimate.add({ sentUs, thereReceivedUs, thereSentUs, receivedUs: here(truthUs) });
          truthUs += 1_000_000;
        }
        const found = estimate.at(here(truthUs))!;
        const errorUs = Math.abs(found.offsetUs - (here(truthUs) - truthUs));
        // 10¹² µs have a grain of 10⁻⁴ µs in a double, and the drift is a share of our own seconds.
        assert.ok(
          errorUs <= found.uncertaintyUs * (1 + 1e-4) + 0.01,
          `${errorUs} > ${found.uncertaintyUs}`,
        );
      },
    ),
  );
});

test('the quickest exchange decides, until it is too old to be the best', () => {
  const estimate = new ClockEstimate();
  const exchange = (atUs: number, there: number, back: number) =>
    estimate.add({
      sentUs: atUs,
      thereReceivedUs: atUs + there,
      thereSentUs: atUs + there,
      receivedUs: atUs + there + back,
    });
  assert.equal(estimate.at(0), undefined);
  exchange(0, 100, 100);
  exchange(1000, 5000, 100);
  assert.ok(Math.abs(estimate.at(7000)!.offsetUs) < 1e-9);
  assert.ok(estimate.at(7000)!.uncertaintyUs < 101);
  // 200 s later the old one may be wrong by 6 ms.
  exchange(200_000_000, 700, 300);
  const late = estimate.at(200_001_000)!;
  assert.equal(late.offsetUs, -200);
  assert.equal(Math.round(late.uncertaintyUs), 500);
});

test('an exchange that took less than no time is not believed', () => {
  const estimate = new ClockEstimate();
  estimate.add({ sentUs: 10, thereReceivedUs: 0, thereSentUs: 0, receivedUs: 5 });
  assert.equal(estimate.at(10), undefined);
});
