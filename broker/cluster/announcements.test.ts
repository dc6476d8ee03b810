import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Announcements } from './announcements.js';
import { ROUTES } from './keys.js';
import type { WireOutcome, WireWrite } from './wire-write.js';

type Fate = 'done' | 'not done' | 'done, and not said so';

/** A store that is one key to a value, and a clock that is set by hand. */
class Scene {
  readonly store = new Map<string, string>();
  readonly announcements: Announcements;
  readonly failures: unknown[] = [];
  completions = 0;
  /** By mark: what was said before it. */
  readonly vouched = new Map<string, Map<string, string>>();
  /** Marks that were there before what they stand for. */
  readonly wrong: string[] = [];
  /** Batches that were sent. */
  attempts = 0;
  /** Writes in them. */
  written = 0;
  largestBatch = 0;
  #nowMs = 0;
  #timers: { atMs: number; then: () => void }[] = [];
  #underWay: { writes: readonly WireWrite[]; end: (done: boolean, said: boolean) => void }[] = [];

  constructor() {
    this.announcements = new Announcements({
      send: (writes) => this.#send(writes),
      after: (ms, then) => {
        const timer = { atMs: this.#nowMs + ms, then };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      failed: (error) => this.failures.push(error),
      complete: () => {
        this.completions++;
      },
    });
  }

  put(key: string, value = ''): void {
    this.announcements.say(['put', key, value]);
  }

  delete(key: string): void {
    this.announcements.say(['delete', key]);
  }

  /** What is under way. */
  get sending(): readonly WireWrite[] {
    return this.#underWay[0]?.writes ?? [];
  }

  /** What is under way arrives, if anything is. */
  async arrive(fate: Fate): Promise<void> {
    this.#underWay.shift()?.end(fate !== 'not done', fate === 'done');
    await turn();
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { then } of due) then();
    await turn();
  }

  /** Nothing fails any more. */
  async settle(): Promise<void> {
    for (let step = 0; !this.announcements.isComplete; step++) {
      assert.ok(step < 100, 'comes to an end');
      await this.arrive('done');
      if (this.#underWay.length === 0) await this.pass(5000);
    }
  }

  /** Each key has what was said of it when the mark was, or later. */
  #look(mark: string): void {
    const vouched = this.vouched.get(mark)!;
    for (const [key, value] of vouched) {
      const there = Number(this.store.get(key) ?? Number.POSITIVE_INFINITY);
      if (there < Number(value)) this.wrong.push(`${mark}: ${key}`);
    }
  }

  #send(writes: readonly WireWrite[]): Promise<WireOutcome[]> {
    this.attempts++;
    this.written += writes.length;
    this.largestBatch = Math.max(this.largestBatch, writes.length);
    assert.equal(this.#underWay.length, 0, 'one after the other');
    return new Promise((resolve, reject) => {
      const end = (done: boolean, said: boolean): void => {
        for (const [kind, key, value] of done ? writes : []) {
          if (kind === 'put') this.store.set(key, value);
          else this.store.delete(key);
          if (key === 'mark' && kind === 'put') this.#look(value);
        }
        if (said) resolve(writes.map(() => null));
        else reject(new Error('no answer'));
      };
      this.#underWay.push({ writes, end });
    });
  }
}

async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await Promise.resolve();
}

describe('what a node announces', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const fate = fc.constantFrom<Fate>('done', 'not done', 'done, and not said so');
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), key }),
    fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), key }),
    fc.record({ kind: fc.constant('arrive' as const), fate }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(100, 1000, 5000) }),
    fc.record({ kind: fc.constantFrom('retry' as const, 'mark' as const) }),
  );

  it('is in the store in the end, whatever fails before, and is not written more often than it changed or failed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const scene = new Scene();
        const wanted = new Map<string, string>();
        let changes = 0;
        let failures = 0;
        for (const [number, next] of steps.entries()) {
          if (next.kind === 'put') {
            changes++;
            wanted.set(next.key, `${number}`);
            scene.put(next.key, `${number}`);
          } else if (next.kind === 'delete') {
            changes++;
            wanted.delete(next.key);
            scene.delete(next.key);
          } else if (next.kind === 'arrive') {
            await scene.arrive(next.fate);
            failures = scene.failures.length;
          } else if (next.kind === 'pass') await scene.pass(next.ms);
          else if (next.kind === 'mark') {
            changes++;
            wanted.set('mark', `${number}`);
            scene.vouched.set(`${number}`, new Map([...wanted].filter(([key]) => key !== 'mark')));
            scene.announcements.sayBehind(['put', 'mark', `${number}`], () => {});
          } else {
            scene.announcements.retry();
            await turn();
          }
        }
        await scene.settle();
        assert.deepEqual(new Map([...scene.store].sort()), new Map([...wanted].sort()));
        assert.deepEqual(scene.wrong, []);
        assert.ok(scene.written <= changes + 4 * failures, `${scene.written} writes`);
        const { attempts } = scene;
        await scene.pass(100_000);
        assert.equal(scene.attempts, attempts, 'then it is quiet');
      }),
      { numRuns: 500 },
    );
  });

  it('is known when its answer is: told once, in order, before what came later', async () => {
    const scene = new Scene();
    const told: string[] = [];
    scene.announcements.whenSaid(() => told.push('nothing to wait for'));
    scene.put('a');
    scene.announcements.whenSaid((error) => told.push(`a ${error}`));
    await turn();
    scene.put('b');
    scene.announcements.whenSaid((error) => told.push(`b ${error}`));
    assert.deepEqual(told, ['nothing to wait for']);
    await scene.arrive('done');
    assert.deepEqual(told.slice(1), ['a undefined']);
    await scene.arrive('done');
    assert.deepEqual(told.slice(2), ['b undefined']);
    assert.equal(scene.completions, 1);
  });

  it('keeps nobody waiting while the store does not answer, and is written when it does', async () => {
    const scene = new Scene();
    const told: unknown[] = [];
    scene.put('a');
    scene.announcements.whenSaid((error) => told.push(error));
    await turn();
    await scene.arrive('not done');
    scene.put('b');
    scene.announcements.whenSaid((error) => told.push(error));
    assert.equal(told.filter((error) => error instanceof Error).length, 2);
    assert.equal(scene.failures.length, 1);
    await scene.settle();
    assert.deepEqual([...scene.store.keys()].sort(), ['a', 'b']);
    assert.equal(scene.completions, 1);
  });

  it('is tried again after 200 ms, then ever less often, up to 5 s', async () => {
    const scene = new Scene();
    scene.put('a');
    await turn();
    const gapsMs: number[] = [];
    for (let failed = 0; failed < 7; failed++) {
      await scene.arrive('not done');
      const { attempts } = scene;
      for (let ms = 100; scene.attempts === attempts; ms += 100) {
        await scene.pass(100);
        gapsMs[failed] = ms;
      }
    }
    assert.deepEqual(gapsMs, [200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('is not held up by a write that never works', async () => {
    const scene = new Scene();
    for (let n = 0; n < 100; n++) scene.put(`${ROUTES}${n}`);
    await turn();
    let attempts = 0;
    while (scene.store.size < 99) {
      attempts++;
      assert.ok(attempts < 100, 'comes to an end');
      // Alone or with others, number 50 spoils it.
      const spoilt = scene.sending.some((write) => write[1] === `${ROUTES}50`);
      await scene.arrive(spoilt ? 'not done' : 'done');
      if (scene.sending.length === 0) await scene.pass(5000);
    }
    assert.equal(scene.store.has(`${ROUTES}50`), false);
    assert.equal(scene.largestBatch, 100);
  });
});
