import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Outbox } from './outbox.js';
import { Turn } from './turn.js';

/** Takes bytes or, while `full`, holds on to the first buffer it is given, as a socket does. */
class Network {
  full = false;
  readonly taken: Buffer[] = [];
  writes = 0;
  ended = false;
  #held: Buffer | undefined;

  write(bytes: Buffer): boolean {
    assert.equal(this.#held, undefined, 'nothing is written while the last write is not done');
    assert.equal(this.ended, false, 'nothing is written after the end');
    this.writes++;
    if (this.full) {
      this.#held = bytes;
      return false;
    }
    this.taken.push(Buffer.from(bytes));
    return true;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
  }

  /** What was held is sent now, as it is now. */
  drain(): boolean {
    if (this.#held === undefined) return false;
    this.taken.push(Buffer.from(this.#held));
    this.#held = undefined;
    return true;
  }
}

function append(outbox: Outbox, bytes: number, mark: number): void {
  const at = outbox.reserve(bytes);
  outbox.buffer.fill(mark, at, at + bytes);
}

describe('outbox', () => {
  it('sends every byte once and in order, however the network stops and goes', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.constant(70_000)) },
      { weight: 2, arbitrary: fc.constant('turn' as const) },
      { weight: 1, arbitrary: fc.constant('full' as const) },
      { weight: 2, arbitrary: fc.constant('drain' as const) },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), step), { maxLength: 200 }), (steps) => {
        const turn = new Turn(() => {});
        const networks = [new Network(), new Network(), new Network()];
        const outboxes = networks.map((network) => new Outbox(turn, network));
        const expected: Buffer[][] = networks.map(() => []);
        let mark = 0;
        const drain = (index: number): void => {
          networks[index]!.full = false;
          if (networks[index]!.drain()) outboxes[index]!.drained();
        };
        for (const [who, what] of steps) {
          if (what === 'turn') turn.end();
          else if (what === 'full') networks[who]!.full = true;
          else if (what === 'drain') drain(who);
          else {
            mark = (mark + 1) % 256;
            append(outboxes[who]!, what, mark);
            expected[who]!.push(Buffer.alloc(what, mark));
          }
          networks.forEach(({ taken }, index) => {
            const sent = taken.reduce((sum, { length }) => sum + length, 0);
            const all = expected[index]!.reduce((sum, { length }) => sum + length, 0);
            assert.equal(outboxes[index]!.pendingBytes, all - sent);
          });
        }
        networks.forEach((_, index) => {
          drain(index);
        });
        turn.end();
        networks.forEach(({ taken }, index) => {
          assert.ok(Buffer.concat(taken).equals(Buffer.concat(expected[index]!)));
        });
        assert.equal(turn.pool.outstandingBytes, 0, 'every buffer has come back');
      }),
      { numRuns: 300 },
    );
  });

  it('joins what a turn owes into one write', () => {
    const turn = new Turn(() => {});
    const network = new Network();
    const outbox = new Outbox(turn, network);
    for (let mark = 0; mark < 500; mark++) append(outbox, 20, mark);
    turn.end();
    assert.equal(network.writes, 1);
    turn.end();
    assert.equal(network.writes, 1);
  });

  it('is not sent half written when the turn has grown too large for one end', () => {
    const turn = new Turn(() => {});
    const network = new Network();
    const outbox = new Outbox(turn, network);
    append(outbox, 10, 1);
    outbox.flush();
    for (let other = 0; other < 4095; other++) append(new Outbox(turn, new Network()), 10, 9);
    append(outbox, 10, 2);
    turn.end();
    assert.deepEqual(
      [...Buffer.concat(network.taken)],
      [...Buffer.alloc(10, 1), ...Buffer.alloc(10, 2)],
    );
  });

  it('ends the connection after what was written, even if that has to wait', () => {
    const turn = new Turn(() => {});
    const network = new Network();
    const outbox = new Outbox(turn, network);
    network.full = true;
    append(outbox, 10, 1);
    turn.end();
    append(outbox, 10, 2);
    outbox.end();
    assert.equal(network.ended, false);
    network.full = false;
    network.drain();
    outbox.drained();
    assert.equal(network.ended, true);
    assert.equal(Buffer.concat(network.taken).length, 20);
  });

  it('gives its buffers back when the connection is gone, and takes later bytes for nothing', () => {
    const turn = new Turn(() => {});
    const network = new Network();
    const outbox = new Outbox(turn, network);
    network.full = true;
    for (let index = 0; index < 50; index++) append(outbox, 9000, index);
    turn.end();
    append(outbox, 10, 1);
    outbox.close();
    append(outbox, 10, 1);
    turn.end();
    assert.equal(turn.pool.outstandingBytes, 0);
    assert.equal(network.taken.length, 0);
  });
});
