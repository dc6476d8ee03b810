/**
 * The local ports that one thread's devices connect from.
 *
 * Left to itself, the kernel searches for a free port at each connect, and the more connections one target
 * address has, the longer: 150 µs each at 16,000 on a range of 28,000 ports, against 30 µs when it is told
 * the port. So each thread walks its own part of the range; a port that turns out to be taken is passed over.
 */
export class SourcePorts {
  readonly #low: number;
  readonly #stride: number;
  readonly #count: number;
  #next: number;

  /**
   * @param low first port of the range, @param ports how many it has
   * @param part which of `parts` threads this is: it takes every `parts`-th port
   * @param start 0…1, where in its part the walk begins: not where the last run left its ports to cool down
   */
  constructor(low: number, ports: number, part: number, parts: number, start: number) {
    this.#low = low + part;
    this.#stride = parts;
    this.#count = Math.max(1, Math.floor((ports - part) / parts));
    this.#next = Math.floor(start * this.#count);
  }

  next(): number {
    const port = this.#low + this.#next * this.#stride;
    this.#next = (this.#next + 1) % this.#count;
    return port;
  }
}
