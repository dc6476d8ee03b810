import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Autoheal, type HealNode, type HealTimes } from './autoheal.js';

const TIMES: HealTimes = { on: true, confirmAfterMs: 3000, afterMs: 15_000 };

/** Cores, the store they agree in and the time, all made up. */
class World {
  readonly log: string[] = [];
  readonly up = new Set<string>();
  readonly cores = new Map<string, Autoheal>();
  readonly guids: Record<string, string>;
  /** Names whose calls are lost. */
  readonly unreachable = new Set<string>();
  nowMs = 0;
  #timers: { atMs: number; then: () => void }[] = [];

  constructor(names: readonly string[], times = TIMES) {
    this.guids = Object.fromEntries(names.map((name, index) => [name, String(index)]));
    for (const name of names) {
      this.up.add(name);
      this.cores.set(name, new Autoheal(this.#host(name), times));
    }
  }

  /** A core was cut off: its lease is over; then it has contact again. */
  cut(name: string): void {
    this.up.delete(name);
    this.cores.get(name)!.lost(false);
  }

  back(name: string): void {
    this.cores.get(name)!.contact(true);
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.then();
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
    this.nowMs = untilMs;
  }

  #node(name: string): HealNode {
    return { name, guid: this.guids[name]! };
  }

  #host(self: string): ConstructorParameters<typeof Autoheal>[0] {
    return {
      self: () => this.#node(self),
      upCores: () => [...this.up].map((name) => this.#node(name)),
      call: async (to, method, body) => {
        if (this.unreachable.has(to)) throw new Error('no link');
        this.log.push(`${this.nowMs} ${self} → ${to} ${method}`);
        const core = this.cores.get(to)!;
        if (method === 'heal-report') core.reported(body as HealNode);
        else if (method === 'heal') await core.heal(body as string[]);
        else await core.reenter();
      },
      reenter: async () => {
        this.log.push(`${this.nowMs} ${self} enters`);
        this.up.add(self);
      },
      after: (ms, then) => {
        const timer = { atMs: this.nowMs + ms, then };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      say: () => undefined,
    };
  }
}

describe('autoheal', () => {
  it('has the minority enter again by the oldest of the majority, after both times', async () => {
    const world = new World(['a', 'b', 'c']);
    world.cut('c');
    world.back('c');
    await world.pass(60_000);
    assert.deepEqual(world.log, [
      '3000 c → a heal-report',
      '18000 a → c heal-reenter',
      '18000 c enters',
    ]);
    assert.deepEqual([...world.up].sort(), ['a', 'b', 'c']);
  });

  it('waits for the last report, then takes the nodes one after the other, oldest first', async () => {
    const world = new World(['a', 'b', 'c', 'd', 'e']);
    world.cut('e');
    world.cut('a');
    world.back('e');
    await world.pass(10_000);
    world.back('a');
    await world.pass(60_000);
    assert.deepEqual(
      world.log.filter((line) => line.endsWith('enters')),
      ['28000 a enters', '28000 e enters'],
    );
    assert.ok(world.log.includes('28000 b → a heal-reenter'));
  });

  it('does not report contact that is lost again within the confirmation', async () => {
    const world = new World(['a', 'b', 'c']);
    world.cut('c');
    world.back('c');
    await world.pass(2000);
    world.cores.get('c')!.contact(false);
    await world.pass(60_000);
    assert.deepEqual(world.log, []);
    world.back('c');
    await world.pass(60_000);
    assert.ok(world.up.has('c'));
  });

  it('begins again by itself when all were cut off', async () => {
    const world = new World(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) world.cut(name);
    world.back('b');
    await world.pass(4000);
    assert.deepEqual([...world.up], ['b']);
    world.back('a');
    world.back('c');
    await world.pass(60_000);
    assert.deepEqual([...world.up].sort(), ['a', 'b', 'c']);
  });

  it('asks again when the leader is lost', async () => {
    const world = new World(['a', 'b', 'c']);
    world.cut('c');
    world.unreachable.add('a');
    world.back('c');
    await world.pass(5000);
    world.up.delete('a');
    await world.pass(120_000);
    assert.ok(world.up.has('c'));
    assert.ok(world.log.some((line) => line.endsWith('c → b heal-report')));
  });

  it('does nothing when it is off', async () => {
    const world = new World(['a', 'b', 'c'], { ...TIMES, on: false });
    world.cut('c');
    world.back('c');
    await world.pass(600_000);
    assert.deepEqual(world.log, []);
    assert.equal(world.cores.get('c')!.cutOff, true);
  });
});
