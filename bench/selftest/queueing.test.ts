import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FifoServer } from './fifo-server.js';
import { frozenLatenessUs, frozenShare, mm1Bands, mm1SojournUs } from './queueing.js';

const QUEUE = { arrivalsPerSec: 250, meanServiceUs: 2000 };

describe('the known server', () => {
  it('serves one message after the other, first come first served', () => {
    const server = new FifoServer({ service: { kind: 'constant', meanUs: 100 }, seed: 1 });
    assert.deepEqual(
      [0, 10, 500].map((at) => server.departUs(at)),
      [100, 200, 600],
    );
  });

  it('stands still in freezes, whether it is busy, idle or about to begin', () => {
    const freezes = { firstUs: 1000, everyUs: 10_000, lengthUs: 500 };
    const server = new FifoServer({ service: { kind: 'constant', meanUs: 100 }, seed: 1, freezes });
    // The first freeze is 1000…1500, the second 11,000…11,500, the third 21,000…21,500.
    assert.deepEqual(
      [0, 950, 1000, 3000, 11_200, 30_000].map((at) => server.departUs(at)),
      [100, 1550, 1650, 3100, 11_600, 30_100],
    );
  });

  it('has the mean service time that was asked for', () => {
    const server = new FifoServer({ service: { kind: 'exponential', meanUs: 2000 }, seed: 7 });
    let last = 0;
    for (let at = 0; at < 100_000; at += 1) last = server.departUs(0);
    assert.ok(Math.abs(last / 100_000 - 2000) < 40, String(last / 100_000));
  });
});

describe('queueing theory', () => {
  it('of M/M/1 agrees with the queue that is run by Lindley’s recursion', () => {
    const shares = [0.5, 0.99];
    for (const [at, { lowUs, highUs }] of mm1Bands(QUEUE, 20_000, shares).entries()) {
      const theoryUs = mm1SojournUs(QUEUE, shares[at]!);
      assert.ok(lowUs < theoryUs && theoryUs < highUs, `${lowUs} < ${theoryUs} < ${highUs}`);
      assert.ok(highUs - lowUs < theoryUs * 0.6, `${lowUs} to ${highUs}`);
    }
    assert.ok(Math.abs(mm1SojournUs(QUEUE, 0.99) - 18_420) < 10);
  });

  it('of a frozen line agrees with the line played through', () => {
    const line = { gapUs: 2500, tripUs: 300, everyUs: 5_000_000, lengthUs: 500_000 };
    const freezes = { ...line, firstUs: 2_500_000 };
    const service = { kind: 'constant', meanUs: line.tripUs } as const;
    const server = new FifoServer({ service, seed: 1, freezes });
    const count = 20_000;
    const late = Float64Array.from(
      { length: count },
      (_, k) => server.departUs(k * line.gapUs) - k * line.gapUs,
    );
    const above = late.filter((us) => us > 50_000).length / count;
    assert.ok(Math.abs(above - frozenShare(line, 50_000)) < 0.001, `${above}`);
    const p99 = late.sort()[Math.ceil(0.99 * count) - 1]!;
    assert.ok(Math.abs(p99 - frozenLatenessUs(line, 0.01)) < 2 * line.gapUs, `${p99}`);
    assert.ok(Math.abs(frozenShare(line, frozenLatenessUs(line, 0.01)) - 0.01) < 1e-9);
  });
});
