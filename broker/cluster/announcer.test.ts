import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SimulatedNode } from '../testing/simulation.js';
import { Announcer } from './announcer.js';
import { CALL_MEMBER } from './calls.js';
import { parseReplicaKey } from './keys.js';
import type { WireWrite } from './wire-write.js';

/** What the writes leave in the store. */
function after(writes: Iterable<WireWrite>): Map<string, string> {
  const store = new Map<string, string>();
  for (const [kind, key, value] of writes) {
    if (kind === 'put') store.set(key, value);
    else store.delete(key);
  }
  return store;
}

describe('an announcer', () => {
  const filter = fc.constantFrom('a', 'a/#', '$share/g/a', '$share/h/a', '$share/g/b');
  const step = fc.record({ who: fc.nat(3), filter, subscribes: fc.boolean() });

  it('has said piece by piece what it says as a whole, and knows its members by their numbers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const simulated = new SimulatedNode();
        const writes: WireWrite[] = [];
        const announcer = new Announcer(
          'n@h',
          (write) => writes.push(write),
          () => 0.5,
        );
        simulated.node.router.localRoutes = announcer;
        const clients = [0, 1, 2, 3].map((n) => simulated.connected(`c${n}`));
        for (const { who, filter: wanted, subscribes } of steps) {
          if (subscribes) clients[who]!.subscribe(wanted);
          else clients[who]!.send({ type: 'unsubscribe', packetId: 1, filters: [wanted] });
        }
        const said = after(writes);
        assert.deepEqual(after(announcer.everything()), said);
        for (const [key, clientId] of said) {
          const parsed = parseReplicaKey(key);
          if (parsed?.kind !== 'share') continue;
          const { group, filter: plain, subscriber } = announcer.member(parsed.number)!;
          assert.deepEqual([group, plain], [parsed.group, parsed.filter]);
          assert.equal(subscriber.clientId, clientId);
        }
        for (const client of clients) client.drop();
        assert.deepEqual([...after(writes)], []);
        const [share] = writes
          .map(([, key]) => parseReplicaKey(key))
          .filter((key) => key?.kind === 'share');
        if (share?.kind === 'share') {
          const { group, filter: plain, number } = share;
          assert.equal(announcer.member(number), undefined);
          assert.deepEqual(announcer.groupLeft(number), { group, filter: plain });
        }
      }),
    );
  });

  it('gives other numbers after a restart, never 0 or that of a call, and none twice', () => {
    const numbers = (random: number): number[] => {
      const simulated = new SimulatedNode();
      const found: number[] = [];
      const say = ([kind, key]: WireWrite): void => {
        const parsed = parseReplicaKey(key);
        if (kind === 'put' && parsed?.kind === 'share') found.push(parsed.number);
      };
      simulated.node.router.localRoutes = new Announcer('n@h', say, () => random);
      for (let n = 0; n < 5; n++) simulated.connected(`c${n}`).subscribe('$share/g/t');
      return found;
    };
    const all = [0, 0.25, 0.5, 0.999_999_999_999].map(numbers);
    assert.equal(new Set(all.flat()).size, all.flat().length - 4, 'the last begins again at 1');
    for (const number of all.flat()) assert.ok(number > 0 && number < CALL_MEMBER);
  });
});
