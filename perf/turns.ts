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

/** One figure of each contender, by round. */
export class Figures {
  readonly #values = new Map<string, number[]>();

  add(contender: string, figure: string, value: number): void {
    const key = `${contender} ${figure}`;
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  of(contender: string, figure: string): readonly number[] {
    return this.#values.get(`${contender} ${figure}`) ?? [];
  }

  /** Of the two runs of each round, `contender` to `base`. */
  ratios(contender: string, base: string, figure: string): number[] {
    const others = this.of(base, figure);
    return this.of(contender, figure).map((value, round) => value / (others[round] ?? Number.NaN));
  }
}
