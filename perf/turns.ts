/**
 * Rounds of contenders in turns, every second one backwards (A B B A), so that a drift of the machine falls on all alike.
 */
export function* turns<T>(
  contenders: readonly T[],
  rounds: number,
): Generator<{ round: number; contender: T }> {
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) yield { round, contender };
  }
}

/** What was measured of each contender, by round: one that did not get there in a round has nothing in it. */
export class Figures {
  readonly #values = new Map<string, Map<number, number>>();

  add(round: number, contender: string, figure: string, value: number): void {
    const rounds = this.#rounds(contender, figure);
    rounds.set(round, value);
    this.#values.set(`${contender} ${figure}`, rounds);
  }

  of(contender: string, figure: string): number[] {
    return [...this.#rounds(contender, figure).values()];
  }

  /** Of the two runs of each round, `contender` to `base`. */
  ratios(contender: string, base: string, figure: string): number[] {
    const others = this.#rounds(base, figure);
    return [...this.#rounds(contender, figure)].flatMap(([round, value]) => {
      const other = others.get(round);
      return other === undefined ? [] : [value / other];
    });
  }

  #rounds(contender: string, figure: string): Map<number, number> {
    return this.#values.get(`${contender} ${figure}`) ?? new Map();
  }
}
