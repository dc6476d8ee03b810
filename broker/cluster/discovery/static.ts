import type { Discovery } from './discovery.js';
import { DiscoveryError } from './errors.js';
import { isNodeName, sortedUnique } from './node-name.js';

/** `static`: the list of the configuration, an array or names with commas between them. */
export class StaticDiscovery implements Discovery {
  readonly strategy = 'static';
  readonly #seeds: string[];

  constructor(seeds: string | readonly string[]) {
    const texts = typeof seeds === 'string' ? seeds.split(',') : seeds;
    this.#seeds = sortedUnique(texts.map((text) => text.trim()).filter((text) => text !== ''));
    const wrong = this.#seeds.find((seed) => !isNodeName(seed));
    if (wrong !== undefined) {
      throw new DiscoveryError(
        'BAD_CONFIG',
        `cluster.static.seeds: '${wrong}' is not a node name: write app@host`,
      );
    }
  }

  async discover(): Promise<string[]> {
    return [...this.#seeds];
  }

  async stop(): Promise<void> {}
}
