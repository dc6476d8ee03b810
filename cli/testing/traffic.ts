import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { FaultyCluster } from './faulty-cluster.js';

const EVERY_MS = 10;
/** A publisher that waits for so many acknowledgements waits before it goes on. */
const MOST_UNACKNOWLEDGED = 500;
const FILTER = 't/#';

interface Sent {
  /** The machine it was published on. */
  readonly from: string;
  readonly text: string;
  readonly qos: 1 | 2;
  readonly sentMs: number;
  /** undefined until it is acknowledged, and for good if it is refused. */
  acknowledgedMs: number | undefined;
}

/** What need not arrive: messages under way between the two times to subscribers on a machine, or from one. */
interface Exception {
  readonly to?: string;
  readonly from?: string;
  readonly fromMs: number;
  untilMs: number;
}

/** A client on a machine, by MQTT.js; it does not connect again. */
export interface Client {
  readonly at: string;
  readonly mqtt: MqttClient;
  /** Its node is about to end, or it has been told to end itself. */
  isDoomed: boolean;
}

interface Subscriber extends Client {
  /** Since when its subscription is known everywhere. */
  readonly sinceMs: number;
  readonly received: Map<string, number>;
  /** In the order of their first arrival, by publisher and QoS. */
  readonly order: Map<string, number[]>;
}

/**
 * On every machine a publisher, QoS 1 and 2 in turn, and a subscriber of everything; keeps the books, and finds in
 * them what must not be.
 */
export class Traffic {
  /** Of subscribers that are not ours: all nodes must know them as well. */
  readonly otherRoutes = new Set<string>();
  readonly #cluster: FaultyCluster;
  readonly #sent: Sent[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #publishers: Client[] = [];
  readonly #exceptions: Exception[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #wrong: string[] = [];
  #clients = 0;

  constructor(cluster: FaultyCluster) {
    this.#cluster = cluster;
  }

  /** Routes that all nodes must know now. */
  get routes(): Set<string> {
    const at = this.#subscribers.filter((client) => !client.isDoomed).map((client) => client.at);
    const own = at.map((name) => `${FILTER} -> ${this.#cluster.nodeName(name)}`);
    return new Set([...own, ...this.otherRoutes]);
  }

  /** Those of these machines; of all if none are named. */
  routesOf(names: readonly string[] | undefined): Set<string> {
    if (names === undefined) return this.routes;
    const nodes = new Set(names.map((name) => this.#cluster.nodeName(name)));
    return new Set(
      [...this.routes].filter((route) => nodes.has(route.slice(route.indexOf(' -> ') + 4))),
    );
  }

  /** Publishes and subscribes on these machines from now on; resolves when all nodes know of it. */
  async begin(...names: string[]): Promise<void> {
    const fresh: Omit<Subscriber, 'sinceMs'>[] = [];
    for (const at of names) {
      const received = new Map<string, number>();
      const order = new Map<string, number[]>();
      const client = await this.connect(at, {});
      client.mqtt.on('message', (_topic, payload) => {
        const text = payload.toString();
        const count = (received.get(text) ?? 0) + 1;
        received.set(text, count);
        if (count > 1) return;
        const [publisher, qos, number] = text.split(':') as [string, string, string];
        const stream = order.get(`${publisher}:${qos}`);
        if (stream === undefined) order.set(`${publisher}:${qos}`, [Number(number)]);
        else stream.push(Number(number));
      });
      await client.mqtt.subscribeAsync(FILTER, { qos: 2 });
      fresh.push(Object.assign(client, { received, order }));
    }
    const theirs = fresh.map(({ at }) => `${FILTER} -> ${this.#cluster.nodeName(at)}`);
    await this.#cluster.settled(() => new Set([...this.routes, ...theirs]), 15_000);
    for (const client of fresh) {
      this.#subscribers.push(Object.assign(client, { sinceMs: performance.now() }));
    }
    for (const at of names) await this.#publish(at);
  }

  /** The node on this machine is about to end, and its clients with it. */
  doom(name: string): void {
    for (const client of [...this.#subscribers, ...this.#publishers]) {
      if (client.at === name) client.isDoomed = true;
    }
  }

  /** From then on until it is called off, subscribers on this machine may miss what is published elsewhere. */
  except(to: string, fromMs = performance.now()): () => void {
    return this.#except({ to }, fromMs);
  }

  /** Until it is called off, this machine is no part of the cluster: nothing need come from it either. */
  apart(name: string): () => void {
    const backs = [this.#except({ to: name }), this.#except({ from: name })];
    return () => {
      for (const back of backs) back();
    };
  }

  /** A client of one's own, watched: it must not be disconnected. */
  async connect(at: string, options: IClientOptions): Promise<Client> {
    const clientId = `${at}-${this.#clients++}`;
    const mqtt = connect(this.#cluster.url(at), {
      clientId,
      protocolVersion: 5,
      reconnectPeriod: 0,
      // A CONNECT waits for the owner before, and a cut takes a while to be noticed.
      connectTimeout: 20_000,
      ...options,
    });
    const client: Client = { at, mqtt, isDoomed: false };
    await new Promise<void>((resolve, reject) => {
      mqtt.once('connect', () => resolve()).once('error', reject);
    });
    mqtt.on('error', () => undefined);
    mqtt.on('disconnect', ({ reasonCode }) =>
      this.#cluster.note(`${clientId} is told to go: ${reasonCode}`),
    );
    mqtt.on('close', () => {
      if (!client.isDoomed) this.#wrong.push(`client ${clientId} on ${at} was disconnected`);
    });
    return client;
  }

  /** Disconnections and refusals that must not be. */
  get wrongSoFar(): readonly string[] {
    return this.#wrong;
  }

  /** Messages of which the publishers know that they were taken. */
  get acknowledged(): number {
    return this.#sent.filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length;
  }

  /**
   * Stops publishing, waits for what is under way, and returns what is wrong, a line each; nothing if all that
   * was promised was kept. Clients are ended.
   */
  async end(limitMs = 15_000): Promise<string[]> {
    for (const timer of this.#timers) clearInterval(timer);
    const untilMs = performance.now() + limitMs;
    while (performance.now() < untilMs && (this.#unanswered() > 0 || this.#missing().length > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const wrong = [...this.#wrong, ...this.#repeated(), ...this.#disordered()];
    for (const { line, at, clientId } of this.#missing()) {
      wrong.push(`${line}; its node has dropped ${await this.#droppedFor(at, clientId)} for it`);
    }
    if (this.#unanswered() > 0) {
      wrong.push(`${this.#unanswered()} messages of connected publishers were never acknowledged`);
    }
    await this.close();
    return wrong;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of [...this.#publishers, ...this.#subscribers]) {
      client.isDoomed = true;
      await client.mqtt.endAsync(true);
    }
  }

  #except(whom: Pick<Exception, 'to' | 'from'>, fromMs = performance.now()): () => void {
    const exception = { ...whom, fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#exceptions.push(exception);
    return () => {
      exception.untilMs = performance.now();
    };
  }

  async #publish(at: string): Promise<void> {
    const client = await this.connect(at, {});
    this.#publishers.push(client);
    const name = client.mqtt.options.clientId as string;
    let number = 0;
    let waiting = 0;
    const timer = setInterval(() => {
      if (client.isDoomed || waiting >= MOST_UNACKNOWLEDGED) return;
      number++;
      waiting++;
      const qos = ((number % 2) + 1) as 1 | 2;
      const text = `${name}:${qos}:${number}`;
      const sentMs = performance.now();
      const sent: Sent = { from: at, text, qos, sentMs, acknowledgedMs: undefined };
      this.#sent.push(sent);
      client.mqtt.publish(`t/${name}`, text, { qos }, (error) => {
        waiting--;
        if (!error) sent.acknowledgedMs = performance.now();
        else if (!client.isDoomed) this.#wrong.push(`${text} was refused: ${error.message}`);
      });
    }, EVERY_MS);
    this.#timers.add(timer);
  }

  #unanswered(): number {
    const alive = new Set(
      this.#publishers
        .filter((client) => !client.isDoomed)
        .map((client) => client.mqtt.options.clientId),
    );
    return this.#sent.filter(
      ({ text, acknowledgedMs }) =>
        acknowledgedMs === undefined && alive.has(text.slice(0, text.indexOf(':'))),
    ).length;
  }

  /** By its queue, of which the node knows and says so. */
  async #droppedFor(at: string, clientId: string): Promise<string> {
    const lines = await this.#cluster.ctl(at, 'clients', 'show', clientId).catch(() => []);
    return /dropped_msgs=(\d+)/.exec(lines.join())?.[1] ?? 'who knows how many';
  }

  #missing(): { line: string; at: string; clientId: string }[] {
    return this.#subscribers
      .filter((subscriber) => !subscriber.isDoomed)
      .flatMap((subscriber) => {
        const { at, sinceMs, received, mqtt } = subscriber;
        const missing = this.#sent.filter(
          (sent) =>
            sent.acknowledgedMs !== undefined &&
            sent.sentMs > sinceMs &&
            !received.has(sent.text) &&
            !this.#isExcepted(sent, at),
        );
        if (missing.length === 0) return [];
        const few = missing.length > 6 ? [...missing.slice(0, 5), ...missing.slice(-1)] : missing;
        const texts = few.map(({ text, sentMs, acknowledgedMs = sentMs }) => {
          const [sentAt, takenAt] = [sentMs, acknowledgedMs].map((ms) =>
            this.#cluster.secondsAt(ms),
          );
          return `${text} sent ${sentAt} acknowledged ${takenAt}`;
        });
        const line = `on ${at} ${missing.length} acknowledged messages are missing: ${texts.join(', ')}`;
        return [{ line, at, clientId: mqtt.options.clientId as string }];
      });
  }

  #isExcepted({ from, sentMs, acknowledgedMs = sentMs }: Sent, at: string): boolean {
    return this.#exceptions.some(
      (exception) =>
        (exception.to === at || exception.from === from) &&
        from !== at &&
        acknowledgedMs >= exception.fromMs &&
        sentMs <= exception.untilMs,
    );
  }

  /** QoS 2 is exactly once. */
  #repeated(): string[] {
    return this.#subscribers.flatMap(({ at, received }) =>
      [...received]
        .filter(([text, count]) => count > 1 && text.split(':')[1] === '2')
        .slice(0, 5)
        .map(([text, count]) => `${text} came ${count} times to ${at}`),
    );
  }

  #disordered(): string[] {
    return this.#subscribers.flatMap(({ at, order }) =>
      [...order].flatMap(([stream, numbers]) => {
        const index = numbers.findIndex((n, i) => i > 0 && n < (numbers[i - 1] as number));
        if (index < 0) return [];
        return [`${stream} came to ${at} out of order: ${numbers.slice(index - 1, index + 2)}`];
      }),
    );
  }
}
