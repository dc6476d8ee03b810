import { performance } from 'node:perf_hooks';
import { type ClientAddress, LeanClient } from './lean-client.js';

/**
 * Clients that change routes: each SUBSCRIBE is of a filter that nobody has, each UNSUBSCRIBE of one that nobody else
 * has, so that either is one write to the cluster's database, acknowledged when that knows it.
 */
export class RouteWriters {
  /** Writes that are acknowledged. */
  done = 0;
  /** How long each took from its packet to the acknowledgement, ms. */
  readonly latenciesMs: number[] = [];
  readonly #clients: LeanClient[];
  /** Subscribed and acknowledged, by client. */
  readonly #held: string[][];
  readonly #begun = performance.now();
  #made = 0;
  #stopped = false;

  private constructor(clients: LeanClient[]) {
    this.#clients = clients;
    this.#held = clients.map(() => []);
  }

  /** Dealt over the addresses in turn. */
  static async open(addresses: readonly ClientAddress[], count: number): Promise<RouteWriters> {
    const clients = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        LeanClient.open(addresses[n % addresses.length]!, {
          clientId: `writer-${n}`,
          cleanStart: true,
          expirySeconds: 0,
        }),
      ),
    );
    return new RouteWriters(clients);
  }

  /** As fast as they are acknowledged, so many under way by each client. */
  saturate(inFlight: number): void {
    for (let client = 0; client < this.#clients.length; client++) {
      const again = (): void => {
        if (!this.#stopped) this.#write(client, again);
      };
      for (let n = 0; n < inFlight; n++) again();
    }
  }

  /** At this rate, in the order of the clients, until `stop`. */
  pace(perSec: number): void {
    const beganMs = performance.now();
    let sent = 0;
    const send = (): void => {
      if (this.#stopped) return;
      const due = Math.floor(((performance.now() - beganMs) * perSec) / 1000);
      for (; sent < due; sent++) this.#write(sent % this.#clients.length, () => undefined);
      setTimeout(send, 1);
    };
    send();
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.stop();
    for (const client of this.#clients) client.destroy();
  }

  #write(index: number, then: () => void): void {
    const client = this.#clients[index]!;
    const held = this.#held[index]!;
    const sentMs = performance.now();
    const acknowledged = (): void => {
      this.done++;
      this.latenciesMs.push(performance.now() - sentMs);
      then();
    };
    // Few are held at a time: what is measured is the change, not the number of routes.
    const oldest = held.length > 4 ? held.shift() : undefined;
    if (oldest !== undefined) {
      client.unsubscribe([oldest], acknowledged);
      return;
    }
    const filter = `routes/${this.#begun}/${index}/${this.#made++}`;
    client.subscribe([filter], () => {
      held.push(filter);
      acknowledged();
    });
  }
}
