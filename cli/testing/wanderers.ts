import { connect, type MqttClient } from 'mqtt';
import type { FaultyCluster } from './faulty-cluster.js';
import type { Client, Traffic } from './traffic.js';

/** Clients that subscribe and unsubscribe while the cluster suffers, and some that connect here and there under one name. */
export class Wanderers {
  readonly #cluster: FaultyCluster;
  readonly #traffic: Traffic;
  readonly #residents = new Map<string, { client: Client; filters: Set<string> }>();
  readonly #connected = new Map<string, Set<MqttClient>>();

  constructor(cluster: FaultyCluster, traffic: Traffic) {
    this.#cluster = cluster;
    this.#traffic = traffic;
  }

  /** One client on each of these machines that will change its subscriptions. */
  async settleOn(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const client = await this.#traffic.connect(name, {});
      this.#residents.set(name, { client, filters: new Set() });
    }
  }

  /** Asks, and does not wait for the answer: it may be long in coming. */
  change(kind: 'subscribe' | 'unsubscribe', at: string, filter: string): void {
    const resident = this.#residents.get(at);
    if (resident === undefined || resident.client.isDoomed) return;
    const { client, filters } = resident;
    this.#cluster.note(`${kind} ${filter} on ${at}`);
    const route = `${filter} -> ${this.#cluster.nodeName(at)}`;
    if (kind === 'subscribe') {
      filters.add(filter);
      this.#traffic.otherRoutes.add(route);
      client.mqtt.subscribe(filter, { qos: 1 });
    } else {
      filters.delete(filter);
      this.#traffic.otherRoutes.delete(route);
      client.mqtt.unsubscribe(filter);
    }
  }

  /** A client of this name, whoever else has it: may be refused, and is ended by the next one. */
  connect(at: string, clientId: string): void {
    this.#cluster.note(`connect ${clientId} at ${at}`);
    const mqtt = connect(this.#cluster.url(at), {
      clientId,
      protocolVersion: 5,
      reconnectPeriod: 0,
      connectTimeout: 20_000,
      keepalive: 300,
    });
    const all = this.#connected.get(clientId) ?? new Set();
    this.#connected.set(clientId, all);
    all.add(mqtt);
    mqtt.on('connect', () => this.#cluster.note(`${clientId} is at ${at}`));
    mqtt.on('error', ({ message }) => this.#cluster.note(`${clientId} at ${at}: ${message}`));
    mqtt.on('close', () => {
      all.delete(mqtt);
      this.#cluster.note(`${clientId} is no more at ${at}`);
    });
  }

  doom(name: string): void {
    const resident = this.#residents.get(name);
    if (resident === undefined) return;
    resident.client.isDoomed = true;
    this.#residents.delete(name);
    for (const filter of resident.filters) {
      this.#traffic.otherRoutes.delete(`${filter} -> ${this.#cluster.nodeName(name)}`);
    }
  }

  /** Names with several connections, after a while in which the cluster may settle that. */
  async wrong(limitMs: number): Promise<string[]> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      const several = [...this.#connected].filter(([, all]) => all.size > 1);
      if (several.length === 0) return [];
      if (performance.now() > untilMs) {
        return several.map(([clientId, all]) => `${clientId} has ${all.size} connections`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async close(): Promise<void> {
    for (const { client } of this.#residents.values()) {
      client.isDoomed = true;
      await client.mqtt.endAsync(true);
    }
    for (const all of this.#connected.values()) {
      for (const mqtt of [...all]) await mqtt.endAsync(true);
    }
  }
}
