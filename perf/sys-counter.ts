import { type EventEmitter, once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';

/** PUBLISH of all clients that mosquitto has taken in, and sent out. */
const TOPIC = {
  received: '$SYS/broker/publish/messages/received',
  sent: '$SYS/broker/publish/messages/sent',
} as const;
const PATIENCE_MS = 60_000;

export type Direction = keyof typeof TOPIC;

/** What mosquitto had counted, and when it said so. */
export interface Count {
  atMs: number;
  count: number;
}

/**
 * Reads mosquitto's own count of messages (`sys_interval 1`), the same yardstick whoever sends them: what a tool
 * says of itself may be what it meant to send.
 */
export class SysCounter {
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async watch(port: number, direction: Direction): Promise<SysCounter> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'sys-counter' });
    await client.subscribeAsync(TOPIC[direction]);
    return new SysCounter(client);
  }

  /** Its next word: mosquitto speaks once a second, and only of what has changed. */
  async next(): Promise<Count> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const words = once(this.#client as unknown as EventEmitter, 'message', { signal });
    const [, payload] = (await words) as [string, Buffer];
    return { atMs: performance.now(), count: Number(payload.toString()) };
  }

  /** When more than `perSec` messages come: the load has begun. */
  async busy(perSec: number): Promise<void> {
    const latestMs = performance.now() + PATIENCE_MS;
    for (let last = await this.next(); ; ) {
      const now = await this.next();
      if (((now.count - last.count) * 1000) / (now.atMs - last.atMs) > perSec) return;
      if (now.atMs > latestMs) throw new Error(`not even ${perSec} messages/s arrive`);
      last = now;
    }
  }

  /** From one word to the first at least `seconds` later; `at` is called at both. */
  async span<T>(seconds: number, at: () => T): Promise<{ sec: number; count: number; at: [T, T] }> {
    const from = await this.next();
    const first = at();
    await sleep(seconds * 1000 - 500);
    const to = await this.next();
    return {
      sec: (to.atMs - from.atMs) / 1000,
      count: to.count - from.count,
      at: [first, at()],
    };
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
