import { randomBytes } from 'node:crypto';
import { command } from './peer-process.js';

/** Two machines with a cable between them: network namespaces, which take root to make. */
export class TwoMachines {
  readonly a: string;
  readonly b: string;
  readonly addressA = '10.77.0.1';
  readonly addressB = '10.77.0.2';
  readonly #id: string;

  private constructor() {
    this.#id = randomBytes(3).toString('hex');
    this.a = `fg-${this.#id}-a`;
    this.b = `fg-${this.#id}-b`;
  }

  /** Neither has a default route. */
  static async create(): Promise<TwoMachines> {
    if (process.getuid?.() !== 0) throw new Error('network namespaces need root: run as root');
    const machines = new TwoMachines();
    const { a, b } = machines;
    try {
      await ip('netns', 'add', a);
      await ip('netns', 'add', b);
      await ip('link', 'add', machines.#cable('a'), 'type', 'veth', 'peer', machines.#cable('b'));
      await machines.#connect(a, machines.#cable('a'), machines.addressA);
      await machines.#connect(b, machines.#cable('b'), machines.addressB);
    } catch (error) {
      await machines.remove();
      throw error;
    }
    return machines;
  }

  /** Multicast goes over the cable also for those who name no interface. */
  async addMulticastRoutes(): Promise<void> {
    await ip('-n', this.a, 'route', 'add', '239.0.0.0/8', 'dev', this.#cable('a'));
    await ip('-n', this.b, 'route', 'add', '239.0.0.0/8', 'dev', this.#cable('b'));
  }

  /** Takes the cable out, or puts it in again. */
  async plug(plugged: boolean): Promise<void> {
    await ip('-n', this.a, 'link', 'set', this.#cable('a'), plugged ? 'up' : 'down');
  }

  async remove(): Promise<void> {
    for (const name of [this.a, this.b]) await ip('netns', 'del', name).catch(() => undefined);
  }

  async #connect(namespace: string, cable: string, address: string): Promise<void> {
    await ip('link', 'set', cable, 'netns', namespace);
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', cable);
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'link', 'set', cable, 'up');
  }

  /** Interface names have 15 characters at most. */
  #cable(end: 'a' | 'b'): string {
    return `fg${this.#id}${end}`;
  }
}

function ip(...args: string[]): Promise<string> {
  return command('iproute2', 'ip', ...args);
}
