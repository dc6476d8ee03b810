import type { Discovery } from '../discovery.js';

/** Finds what the test says. */
export class FakeDiscovery implements Discovery {
  readonly strategy = 'static';
  found: string[];
  failure: Error | undefined;
  asked = 0;

  constructor(found: readonly string[] = []) {
    this.found = [...found];
  }

  async discover(): Promise<string[]> {
    this.asked++;
    if (this.failure !== undefined) throw this.failure;
    return this.found;
  }

  async stop(): Promise<void> {}
}

/** What nodes with a register and a lock have in common. */
export class FakeRegister {
  readonly nodes = new Set<string>();
  /** Who holds the lock, and in which order it was had. */
  holder: string | undefined;
  readonly holders: string[] = [];
  #waiting: (() => void)[] = [];

  discovery(self: string): Discovery {
    return {
      strategy: 'etcd',
      discover: async () => [...this.nodes],
      lock: () => this.#lock(self),
      register: async () => void this.nodes.add(self),
      unregister: async () => void this.nodes.delete(self),
      stop: async () => {},
    };
  }

  async #lock(self: string): Promise<() => Promise<void>> {
    while (this.holder !== undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.holder = self;
    this.holders.push(self);
    return async () => {
      this.holder = undefined;
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }
}
