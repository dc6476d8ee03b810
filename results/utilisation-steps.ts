/** Loop utilisation is kept in steps of a thousandth, so that its percentiles need no list of seconds. */
const STEPS = 1000;

/** How busy an event loop was over many seconds. Memory does not grow with them. */
export class UtilisationSteps {
  readonly #seconds = new Uint32Array(STEPS + 1);
  #count = 0;
  #sum = 0;
  max = 0;

  /** @param utilisation of one second, 0…1 */
  add(utilisation: number): void {
    const step = Math.round(Math.min(1, Math.max(0, utilisation)) * STEPS);
    this.#seconds[step]! += 1;
    this.#count += 1;
    this.#sum += step / STEPS;
    this.max = Math.max(this.max, step / STEPS);
  }

  get mean(): number {
    return this.#count === 0 ? 0 : Math.round((this.#sum / this.#count) * STEPS) / STEPS;
  }

  /** The utilisation that this share of the seconds did not exceed; 0 without any. */
  at(share: number): number {
    let wanted = Math.ceil(share * this.#count);
    if (wanted === 0) return 0;
    for (let step = 0; step <= STEPS; step += 1) {
      wanted -= this.#seconds[step]!;
      if (wanted <= 0) return step / STEPS;
    }
    return 1;
  }
}
