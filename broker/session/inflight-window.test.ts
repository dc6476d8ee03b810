import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Message } from '../routing/mod.js';
import type { Delivery } from './delivery.js';
import { AWAIT_PUBACK, AWAIT_PUBCOMP, AWAIT_PUBREC, InflightWindow } from './inflight-window.js';

function delivery(text: string): Delivery {
  return {
    message: Message.of(text, Buffer.alloc(0), 1, false, 0),
    qos: 1,
    retain: false,
    identifiers: undefined,
    group: undefined,
  };
}

describe('in-flight window', () => {
  it('is a map from identifiers in use to their state, in the order of sending', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), n: fc.nat(2) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('done' as const), n: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('rec' as const), n: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const window = new InflightWindow();
        const model = new Map<number, { state: number; kept: Delivery | undefined }>();
        for (const { kind, n } of steps) {
          const ids = [...model.keys()];
          const id = ids[n % Math.max(1, ids.length)];
          if (kind === 'take') {
            const state = n === 0 ? AWAIT_PUBACK : AWAIT_PUBREC;
            const kept = delivery(`m${model.size}`);
            const taken = window.take(state, kept);
            assert.equal(model.has(taken), false, 'an identifier in use is not given again');
            assert.ok(taken >= 1 && taken <= 65_535);
            model.set(taken, { state, kept });
          } else if (id !== undefined && kind === 'done') {
            window.release(id);
            model.delete(id);
          } else if (id !== undefined) {
            window.received(id);
            // Its release is owed from now on: it goes to the end.
            model.delete(id);
            model.set(id, { state: AWAIT_PUBCOMP, kept: undefined });
          }
          assert.equal(window.count, model.size);
        }
        for (let id = 1; id <= 300; id++) assert.equal(window.state(id), model.get(id)?.state ?? 0);
        assert.deepEqual(
          window.entries().map(({ id, state, delivery: kept }) => [id, state, kept]),
          [...model].map(([id, { state, kept }]) => [id, state, kept]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('finds free identifiers past the highest one while an old one stays in use', () => {
    const window = new InflightWindow();
    const stuck = window.take(AWAIT_PUBACK, undefined);
    const seen = new Set<number>();
    for (let sent = 0; sent < 140_000; sent++) {
      const id = window.take(AWAIT_PUBACK, undefined);
      assert.notEqual(id, stuck);
      seen.add(id);
      window.release(id);
    }
    assert.ok(seen.size > 50_000);
    assert.equal(window.state(stuck), AWAIT_PUBACK);
    assert.equal(window.count, 1);
  });

  it('takes as many as there are identifiers but one', () => {
    const window = new InflightWindow();
    const ids = new Set<number>();
    for (let sent = 0; sent < 65_534; sent++) ids.add(window.take(AWAIT_PUBREC, undefined));
    assert.equal(ids.size, 65_534);
    window.release(77);
    assert.equal(window.state(77), 0);
  });
});
