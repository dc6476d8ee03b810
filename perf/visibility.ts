import { performance } from 'node:perf_hooks';
import { type ClientAddress, LeanClient } from './lean-client.js';

const PUBLISH_EVERY_MS = 1;
const BETWEEN_MS = 10;
const PROBE_TIMEOUT_MS = 10_000;
const PAYLOAD = Buffer.from('seen');

/**
 * Time to visibility, again and again: from SUBSCRIBE being sent at one node until a message reaches the subscriber
 * that was published at another node. One is published there every millisecond from that moment on, so a figure is
 * up to a millisecond, and a delivery, too long.
 */
export class VisibilityProbe {
  readonly seenMs: number[] = [];
  readonly #subscriber: LeanClient;
  readonly #publisher: LeanClient;
  #stopped = false;

  private constructor(subscriber: LeanClient, publisher: LeanClient) {
    this.#subscriber = subscriber;
    this.#publisher = publisher;
  }

  static async open(at: ClientAddress, from: ClientAddress): Promise<VisibilityProbe> {
    const session = { cleanStart: true, expirySeconds: 0 };
    return new VisibilityProbe(
      await LeanClient.open(at, { ...session, clientId: 'probe-subscriber' }),
      await LeanClient.open(from, { ...session, clientId: 'probe-publisher' }),
    );
  }

  /** Until `stop`; resolves when the last one is seen. @throws Error when one is not seen in time */
  async run(): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      this.seenMs.push(await this.#one(`visible/${n}`));
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#subscriber.destroy();
    this.#publisher.destroy();
  }

  async #one(topic: string): Promise<number> {
    const beganMs = performance.now();
    const seenMs = await new Promise<number>((resolve, reject) => {
      let isSeen = false;
      this.#subscriber.delivered = () => {
        isSeen = true;
        resolve(performance.now());
      };
      this.#subscriber.subscribe([topic], () => undefined);
      const publish = (): void => {
        if (isSeen) return;
        if (performance.now() - beganMs > PROBE_TIMEOUT_MS) {
          reject(new Error(`${topic} was not seen within ${PROBE_TIMEOUT_MS / 1000} s`));
          return;
        }
        this.#publisher.publish(topic, PAYLOAD);
        setTimeout(publish, PUBLISH_EVERY_MS);
      };
      publish();
    });
    // Those under way would be taken for the next one's.
    await new Promise<void>((resolve) => this.#subscriber.unsubscribe([topic], resolve));
    this.#subscriber.delivered = undefined;
    return seenMs - beganMs;
  }
}
