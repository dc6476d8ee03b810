/** Nodes of a cluster in the process of a test, over real sockets on loopback, and MQTT.js clients of them. */
import { createServer } from 'node:net';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { EmbeddedStore, type Store } from '../../store/mod.js';
import { type RunningBroker, startBroker } from '../broker.js';
import { onlyStore } from '../cluster/core-database.js';
import { type ClusterOptions, linkPortOf, type Role } from '../cluster/mod.js';
import { entriesOf, type ReplicaContent } from '../cluster/replica-entries.js';
import type { BrokerConfig } from '../config.js';

const HOST = '127.0.0.1';
/** Below the ports that outgoing connections take. */
const LOWEST = 20_000;
const HIGHEST = 32_767;

/** A client of the test, what it got from the first packet on, and why it was disconnected. */
export interface TestClient {
  mqtt: MqttClient;
  box: string[];
  disconnects: number[];
}

export class TestCluster {
  readonly nodes: RunningBroker[] = [];
  readonly said: string[] = [];
  readonly clients: TestClient[] = [];
  readonly #store = new EmbeddedStore();

  /** Adds a node and waits until it is part of the cluster. */
  async add(
    name: string,
    role: Role,
    cluster: Partial<ClusterOptions> = {},
    config: Partial<BrokerConfig> = {},
    store: Store = this.#store,
  ): Promise<RunningBroker> {
    const cores = this.nodes.filter((node) => node.cluster?.options.role === 'core');
    const broker = await startBroker(
      { nodeName: `${name}@${HOST}`, port: 0, sysIntervalMs: 0, ...config },
      {
        complain: (line) => this.said.push(`${name}: ${line}`),
        cluster: {
          role,
          cluster: 'test',
          cookie: 'secret',
          forward: 'acked',
          heal: { on: true, confirmAfterMs: 100, afterMs: 200 },
          autocleanMs: Number.POSITIVE_INFINITY,
          linkHost: HOST,
          linkPort: await freePort(),
          database: role === 'core' ? onlyStore(store) : undefined,
          addressOf: (node) => ({ name: node, host: HOST, port: linkPortOf(node) }),
          singleton: false,
          remember: async () => {},
          seeds: async () =>
            cores.map((core) => ({
              name: core.nodeName,
              host: HOST,
              port: core.cluster!.linkPort,
            })),
          ...cluster,
        },
      },
    );
    this.nodes.push(broker);
    return broker;
  }

  async client(node: RunningBroker, options: IClientOptions = {}): Promise<TestClient> {
    const [listener] = node.listeners;
    const mqtt = connect(`mqtt://${HOST}:${listener!.port}`, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      ...options,
    });
    const client: TestClient = { mqtt, box: [], disconnects: [] };
    mqtt.on('message', (_topic, payload) => client.box.push(payload.toString()));
    mqtt.on('disconnect', ({ reasonCode }) => client.disconnects.push(reasonCode ?? 0));
    await new Promise<void>((resolve, reject) => {
      mqtt.once('connect', () => resolve()).once('error', reject);
    });
    this.clients.push(client);
    return client;
  }

  /** Waits until all nodes know the same routes and links are open, so that what follows is no race. */
  async settled(): Promise<void> {
    await until(() => {
      const views = this.nodes.map(({ cluster }) => JSON.stringify(viewOf(cluster!.replica)));
      if (new Set(views).size > 1) return false;
      return this.nodes.every(({ cluster, nodeName }) =>
        [...cluster!.replica.up()].every(
          ([name]) => name === nodeName || cluster!.links.get(name) !== undefined,
        ),
      );
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map(({ mqtt }) => mqtt.endAsync(true)));
    for (const node of [...this.nodes].reverse()) await node.close(100);
    await this.#store.close();
  }
}

function viewOf(replica: ReplicaContent): string[] {
  return [...entriesOf(replica)].map(([key, value]) => `${key} ${value}`).sort();
}

/** Looks again and again, for a bounded time. */
export async function until(isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so within ${timeoutMs} ms: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen({ host: HOST, port }, () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
