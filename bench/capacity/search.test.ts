import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { random } from '../schedule/mod.js';
import { type Answer, CONFIDENCE, decide, type Observation, type SearchOptions } from './search.js';

const OPTIONS: SearchOptions = {
  from: 1,
  to: Number.POSITIVE_INFINITY,
  tolerance: 0.05,
  repeats: 3,
  maximumSteps: 40,
};

type Target = (load: number, step: number) => Observation['outcome'];

function search(
  options: SearchOptions,
  target: Target,
): { answer: Answer; observed: Observation[] } {
  const observed: Observation[] = [];
  for (;;) {
    const decision = decide(options, observed);
    if (decision.kind === 'answer') return { answer: decision.answer, observed };
    assert.ok(observed.length < options.maximumSteps, 'the search goes beyond its steps');
    const { load } = decision;
    observed.push({ load, outcome: target(load, observed.length) });
  }
}

/** Holds up to the knee, breaks beyond. */
const sharp =
  (knee: number): Target =>
  (load) =>
    load <= knee ? 'holds' : 'breaks';

/** Holds with a probability that falls as ln(load) passes ln(knee), and anything in `lapse` of the steps. */
function noisy(knee: number, width: number, lapse: number, seed: number): Target {
  return (load, step) => {
    const lapsed = random(seed, 1, step, 0) < lapse;
    const chance = lapsed
      ? 0.5
      : 1 / (1 + Math.exp((-1.702 * Math.log(knee / load)) / Math.max(width, 1e-6)));
    return random(seed, 2, step, 0) < chance ? 'holds' : 'breaks';
  };
}

/** Log-uniform from 0.01 to 1000. */
function kneeOf(seed: number): number {
  return 10 ** (-2 + 5 * random(seed, 3, 0, 0));
}

describe('the search', () => {
  it('finds a sharp knee within the tolerance, in as few steps as doubling, bisecting and repeating take', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10_000, noNaN: true }),
        fc.constantFrom(0.01, 0.05, 0.2),
        fc.constantFrom(1, 3, 5),
        (knee, tolerance, repeats) => {
          const options = { ...OPTIONS, tolerance, repeats };
          const { answer, observed } = search(options, sharp(knee));
          assert.equal(answer.kind, 'interval');
          assert.ok(answer.complete);
          const { holds, breaks } = answer;
          assert.ok(holds!.load <= knee && knee < breaks!.load);
          assert.ok(breaks!.load <= holds!.load * (1 + tolerance) * (1 + 1e-9));
          assert.ok(answer.low! <= knee && knee <= answer.high!);
          const bracket = 2 + Math.abs(Math.log2(knee));
          const bisect = Math.max(0, Math.ceil(Math.log2(Math.LN2 / Math.log(1 + tolerance))));
          assert.ok(observed.length <= bracket + 1 + bisect + 2 * (repeats - 1));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('repeats both borders as often as it was told', () => {
    const { answer } = search(OPTIONS, sharp(37));
    assert.deepEqual({ ...answer.holds, load: 0 }, { load: 0, holds: 3, breaks: 0, starved: 0 });
    assert.deepEqual({ ...answer.breaks, load: 0 }, { load: 0, holds: 0, breaks: 3, starved: 0 });
    assert.ok(answer.low! <= 37 && 37 <= answer.high! && answer.high! < answer.low! * 1.1);
  });

  // Width: standard deviation, in ln(load), of where a step breaks; 0.05 is the tolerance itself.
  for (const [width, lapse, repeats] of [
    [0, 0, 3],
    [0, 0.05, 3],
    [0.02, 0.02, 3],
    [0.05, 0, 3],
    [0.1, 0.02, 5],
  ] as const) {
    const title = `width ${width}, ${lapse} lapses, ${repeats} repeats`;
    it(`covers the knee of 95 % of noisy targets or more: ${title}`, () => {
      const targets = 200;
      let covered = 0;
      let mostSteps = 0;
      for (let seed = 1; seed <= targets; seed += 1) {
        const knee = kneeOf(seed);
        const options = { ...OPTIONS, repeats };
        const { answer, observed } = search(options, noisy(knee, width, lapse, seed));
        mostSteps = Math.max(mostSteps, observed.length);
        if ((answer.low ?? 0) <= knee && knee <= (answer.high ?? Infinity)) covered += 1;
        assert.ok(answer.confidence > CONFIDENCE - 0.01, `seed ${seed}: ${answer.confidence}`);
      }
      assert.ok(covered >= CONFIDENCE * targets, `${covered} of ${targets} covered`);
      assert.ok(mostSteps <= OPTIONS.maximumSteps);
    });
  }

  it('says "at least" when the generator gives up first, and does not take it for the target', () => {
    const { answer } = search(OPTIONS, (load) => (load <= 100 ? 'holds' : 'starved'));
    assert.equal(answer.kind, 'at-least');
    assert.equal(answer.limit, 'generator');
    assert.equal(answer.high, null);
    assert.ok(answer.holds!.load <= 100 && answer.holds!.load > 100 / 1.06);
  });

  it('repeats a border once more when the generator failed in one of its repeats', () => {
    const knee = sharp(37);
    const { answer } = search(OPTIONS, (load, step) =>
      step === 12 ? 'starved' : knee(load, step),
    );
    const { holds, breaks } = answer;
    assert.equal(holds!.starved + breaks!.starved, 1);
    assert.deepEqual([holds!.holds, breaks!.breaks], [3, 3]);
  });

  it('says "at least" when the last load that was asked for holds', () => {
    const { answer, observed } = search({ ...OPTIONS, to: 6 }, sharp(1000));
    assert.equal(answer.kind, 'at-least');
    assert.equal(answer.limit, 'to');
    assert.ok(answer.low! <= 6);
    assert.equal(answer.holds!.load, 6);
    assert.equal(observed.length, 6, 'doubled to 6, then repeated there');
  });

  it('says "below" when nothing holds, and gives up', () => {
    const { answer, observed } = search(OPTIONS, () => 'breaks');
    assert.equal(answer.kind, 'below');
    assert.equal(answer.low, null);
    assert.ok(observed.length <= 14);
  });

  it('ends after its steps, and says that it is not done', () => {
    const { answer, observed } = search({ ...OPTIONS, maximumSteps: 13 }, sharp(1000));
    assert.equal(observed.length, 13);
    assert.ok(!answer.complete);
    assert.ok(answer.low! <= 1000 && 1000 <= answer.high!);
  });
});
