import type { Discovery } from './discovery.js';

/** `manual`: nothing is found, nodes are joined by `cluster join`. */
export class ManualDiscovery implements Discovery {
  readonly strategy = 'manual';

  async discover(): Promise<string[]> {
    return [];
  }

  async stop(): Promise<void> {}
}
