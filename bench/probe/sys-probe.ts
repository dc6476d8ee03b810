import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { ProbedNode, ProbePoint } from '../../results/mod.js';
import { gapOf, type Probe, pointOf } from './probe.js';
import { Meter } from './reading.js';
import { SysTree } from './sys-tree.js';

const CONNECT_TIMEOUT_MS = 2000;
const RECONNECT_MS = 1000;

export interface SysOptions {
  readonly url: URL;
  /** `user:password`. */
  readonly credentials: string | undefined;
  readonly nowUs: () => number;
}

/** A broker's `$SYS` topics, by a client of its own. Between two updates there is nothing new to say. */
export class SysProbe implements Probe {
  readonly facts: ProbedNode;
  readonly #options: SysOptions;
  readonly #tree = new SysTree();
  readonly #meter = new Meter();
  #client: MqttClient | undefined;
  #trouble: string | null = 'is not connected yet';

  constructor(facts: ProbedNode, options: SysOptions) {
    this.facts = facts;
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { url, credentials, nowUs } = this.#options;
    const [username, ...password] = credentials?.split(':') ?? [];
    const { connect } = await import('mqtt');
    const client = connect(url.href, {
      clientId: `fleetgauge-sys-${randomInt(2 ** 32).toString(36)}`,
      protocolVersion: 4,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: RECONNECT_MS,
      ...(username === undefined ? {} : { username, password: password.join(':') }),
    });
    this.#client = client;
    client.on('message', (topic, payload, { retain }) => {
      this.#tree.take(topic, payload.toString('utf8'), retain, nowUs());
    });
    client.on('error', (error) => {
      this.#trouble = error.message;
    });
    client.on('close', () => {
      this.#trouble ??= 'closed the connection';
    });
    const subscribed = new Promise<void>((resolve) => {
      client.on('connect', () => {
        client.subscribe('$SYS/#', { qos: 0 }, (error, granted) => {
          const refused = (granted ?? []).some(({ qos }) => Number(qos) >= 128);
          this.#trouble = error?.message ?? (refused ? 'refuses a subscription to $SYS/#' : null);
          resolve();
        });
      });
    });
    await Promise.race([subscribed, sleep(CONNECT_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async look(): Promise<ProbePoint> {
    const { nowUs } = this.#options;
    const { node } = this.facts;
    for (let left = this.#tree.leftUs(nowUs()); left > 0; left = this.#tree.leftUs(nowUs())) {
      await sleep(Math.ceil(left / 1000));
    }
    const reading = this.#tree.reading();
    if (reading !== undefined) return pointOf(node, reading.atUs, this.#meter.take(reading));
    return this.#trouble === null
      ? pointOf(node, nowUs(), [])
      : gapOf(node, nowUs(), this.#trouble);
  }

  close(): void {
    this.#client?.end(true);
  }
}
