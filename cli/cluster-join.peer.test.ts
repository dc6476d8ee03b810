import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { askNode } from '../broker/mod.js';
import { type BrokerProcess, startBrokerProcess } from './broker-process.js';
import { controlFolderHere } from './control-folder.js';

interface Answer {
  exit: number;
  out: string;
  err: string;
}

/** Nodes that are started apart, each with an address and a data folder of its own. */
class Nodes {
  readonly #network = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`;
  readonly #running = new Map<number, BrokerProcess>();
  readonly #clients: MqttClient[] = [];
  readonly said: string[] = [];
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  name(number: number): string {
    return `emqx${number}@${this.#network}.${number}`;
  }

  async start(
    number: number,
    settings: Readonly<Record<string, string>> = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    const broker = await startBrokerProcess({
      host: `${this.#network}.${number}`,
      port: 1883,
      settings: {
        'node.name': this.name(number),
        'node.cookie': 'of these nodes',
        'node.data_dir': join(this.#folder, String(number)),
        ...settings,
      },
      env,
      onLine: (line) => this.said.push(`${number}: ${line}`),
    });
    this.#running.set(number, broker);
  }

  async ctl(number: number, ...argv: string[]): Promise<Answer> {
    const out: string[] = [];
    const err: string[] = [];
    const exit = await askNode(
      { folder: controlFolderHere(), node: this.name(number), argv },
      { out: (line) => out.push(line), err: (line) => err.push(line) },
    );
    return { exit, out: out.join('\n'), err: err.join('\n') };
  }

  async join(number: number, target: number): Promise<Answer> {
    const answer = await this.ctl(number, 'cluster', 'join', this.name(target));
    assert.equal(answer.exit, 0, `${answer.err}\n${this.said.join('\n')}`);
    return answer;
  }

  /** Who runs and who is stopped, for that node. */
  async status(number: number): Promise<string> {
    const { out } = await this.ctl(number, 'cluster', 'status', '--json');
    const { running_nodes: running, stopped_nodes: stopped } = JSON.parse(out) as Record<
      string,
      string[]
    >;
    const short = (names: string[] = []): string =>
      names.map((name) => /\d+/.exec(name)?.[0]).join();
    return stopped?.length ? `${short(running)} stopped ${short(stopped)}` : short(running);
  }

  /** Resolves when all these nodes see this. */
  async see(status: string, ...numbers: number[]): Promise<void> {
    const endMs = performance.now() + 20_000;
    for (;;) {
      const seen = await Promise.all(numbers.map((number) => this.status(number)));
      if (seen.every((text) => text === status)) return;
      if (performance.now() > endMs) {
        throw new Error(`${seen.join(' | ')} and not ${status}\n${this.said.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async client(number: number): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://${this.#network}.${number}:1883`, {
      reconnectPeriod: 0,
      connectTimeout: 10_000,
    });
    this.#clients.push(client);
    return client;
  }

  /** All at once. */
  async end(how: 'stop' | 'kill', ...numbers: number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.#running.get(number)?.[how]()));
    for (const number of numbers) this.#running.delete(number);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
    await this.end('kill', ...this.#running.keys());
  }
}

async function withNodes(work: (nodes: Nodes, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetgauge-join-'));
  const nodes = new Nodes(folder);
  try {
    await work(nodes, folder);
  } finally {
    await nodes.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function next(client: MqttClient): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no message within 5 s')), 5000);
    client.once('message', (_topic, payload) => {
      clearTimeout(timer);
      resolve(payload.toString());
    });
  });
}

test('three cores join one after the other under load; killed all at once they are one cluster again; one leaves and comes back', () =>
  withNodes(async (nodes, folder) => {
    await Promise.all([1, 2, 3].map((number) => nodes.start(number)));
    const subscriber = await nodes.client(1);
    const publisher = await nodes.client(1);
    const got: string[] = [];
    subscriber.on('message', (_topic, payload) => got.push(payload.toString()));
    await subscriber.subscribeAsync('load', { qos: 1 });
    await publisher.publishAsync('kept', 'here', { retain: true, qos: 1 });
    let sent = 0;
    let isOver = false;
    const load = (async () => {
      while (!isOver) await publisher.publishAsync('load', String(sent++), { qos: 1 });
    })();
    const elsewhere = await nodes.client(2);
    await elsewhere.publishAsync('gone', 'soon', { retain: true, qos: 1 });
    const first = await nodes.join(2, 1);
    assert.match(first.err, /^retained messages discarded with its own database: 1$/m);
    assert.match(first.err, /^with two cores the cluster database needs both/m);
    assert.match(first.out, /^Join the cluster successfully\.\nCluster status: /);
    await nodes.join(3, 1);
    isOver = true;
    await load;
    await nodes.see('1,2,3', 1, 2, 3);
    assert.deepEqual(
      got,
      Array.from({ length: sent }, (_, n) => String(n)),
    );
    assert.ok(subscriber.connected && elsewhere.connected);
    await elsewhere.subscribeAsync('far', { qos: 1 });
    const arriving = next(elsewhere);
    await publisher.publishAsync('far', 'over there', { qos: 1 });
    assert.equal(await arriving, 'over there');

    await nodes.end('kill', 1, 2, 3);
    await Promise.all([1, 2, 3].map((number) => nodes.start(number)));
    await nodes.see('1,2,3', 1, 2, 3);
    const back = await nodes.client(3);
    const retained = next(back);
    await back.subscribeAsync('#', { qos: 1 });
    assert.equal(await retained, 'here');

    const left = await nodes.ctl(2, 'cluster', 'leave');
    assert.match(left.err, /^retained messages left to the cluster: 1$/m);
    assert.match(left.out, /^Leave the cluster successfully\./);
    assert.equal(existsSync(join(folder, '2', 'membership.json')), false);
    await nodes.see('1,3', 1, 3);
    await nodes.see('2', 2);
    const again = await nodes.ctl(2, 'cluster', 'leave');
    assert.deepEqual([again.exit, again.out], [1, '']);
    assert.match(again.err, /^Failed to leave the cluster: node_not_in_cluster/);
    await nodes.join(2, 3);
    await nodes.see('1,2,3', 1, 2, 3);

    await nodes.end('kill', 3);
    await nodes.see('1,2 stopped 3', 1, 2);
    const { exit } = await nodes.ctl(1, 'cluster', 'force-leave', nodes.name(3));
    assert.equal(exit, 0);
    // Of two members one would not be enough: the third is out of etcd as well.
    await nodes.see('1,2', 1, 2);
  }));

test('a replicant without a core starts once it is told which to join, and remembers it', () =>
  withNodes(async (nodes) => {
    await nodes.start(1);
    const starting = nodes.start(2, { 'node.role': 'replicant' });
    const endMs = performance.now() + 20_000;
    for (;;) {
      // Its command socket is there soon after its start.
      const answer = await nodes.ctl(2, 'cluster', 'join', nodes.name(1)).catch(() => undefined);
      if (answer?.exit === 0) break;
      if (performance.now() > endMs) throw new Error(answer?.err ?? 'no answer within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await starting;
    await nodes.see('1,2', 1, 2);
    await nodes.end('stop', 2);
    await nodes.see('1', 1);
    await nodes.start(2, { 'node.role': 'replicant' });
    await nodes.see('1,2', 1, 2);
  }));

test('a join that cannot be done is refused in one line, and changes nothing', () =>
  withNodes(async (nodes, folder) => {
    const path = join(folder, 'bin');
    await mkdir(path);
    await nodes.start(1);
    // Where there is no etcd.
    await nodes.start(
      2,
      {},
      { PATH: `${path}:${dirname(process.execPath)}`.replace('/usr/bin', path) },
    );
    await nodes.start(3, { 'node.cookie': 'another' });
    await nodes.start(4, { 'node.role': 'replicant', 'cluster.core_nodes': nodes.name(1) });
    const refusals: [number, string, RegExp][] = [
      [2, nodes.name(1), /: bad_config\nthere is no program 'etcd'.*node\.role = replicant/],
      [3, nodes.name(1), /: \{node_down,'emqx1@[\d.]+'\}\n.*cookie/],
      [2, nodes.name(4), /: \{cannot_join_to_replicant,'emqx4@[\d.]+'\}\n/],
      [4, nodes.name(1), /: \{already_in_cluster,'emqx1@[\d.]+'\}\n/],
      [2, 'nosuch9@127.0.0.1', /: \{node_down,'nosuch9@127\.0\.0\.1'\}\nno answer from/],
    ];
    for (const [number, target, pattern] of refusals) {
      const { exit, out, err } = await nodes.ctl(number, 'cluster', 'join', target);
      assert.equal(exit, 1, target);
      assert.equal(out, '');
      assert.match(err, pattern);
      assert.match(err, /^Failed to join the cluster: /);
    }
    const self = await nodes.ctl(2, 'cluster', 'join', nodes.name(2));
    assert.deepEqual([self.exit, self.out], [0, 'Ignore.']);
    await nodes.see('1,4', 1, 4);
    await nodes.see('2', 2);
    assert.equal(existsSync(join(folder, '1', 'etcd')), false);
  }));
