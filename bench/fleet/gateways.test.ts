import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Device, type DeviceOwner, type Outgoing, Tally } from '../device/mod.js';
import { groupIdentity, parseScenario, plan, type Scenario } from '../scenario/mod.js';
import { DeviceIdentities } from './device-identities.js';
import { Goings } from './goings.js';
import { Shard } from './shard.js';
import { ShardDevices } from './shard-devices.js';
import { streamPrograms } from './stream-program.js';
import { StreamTable } from './stream-table.js';

const SECOND_US = 1_000_000;

/** A connection that is ready at once, takes so many messages until it is given room, and notes them. */
class Gateway implements Device {
  readonly sent: { topic: string; sender: number; sequence: number; intendedUs: number }[] = [];
  room = Number.POSITIVE_INFINITY;
  ready = false;
  readonly inflight = 0;
  readonly #owner: DeviceOwner;
  readonly #index: number;

  constructor(index: number, owner: DeviceOwner) {
    this.#owner = owner;
    this.#index = index;
  }

  connect(): void {
    this.ready = true;
    this.#owner.ready(this.#index);
  }
  publish(message: Outgoing, sequence: number, intendedUs: number): boolean {
    if (this.room === 0) return false;
    this.room--;
    const { topic, topicStart, topicEnd, sender } = message;
    const text = Buffer.from(topic.subarray(topicStart, topicEnd)).toString();
    this.sent.push({ topic: text, sender, sequence, intendedUs });
    return true;
  }
  giveRoom(messages: number): void {
    this.room = messages;
    this.#owner.hasRoom(this.#index);
  }
  flush(): void {}
  timer(): number {
    return Number.POSITIVE_INFINITY;
  }
  disconnect(): void {}
  cut(): void {}
}

function scenarioOf(count: number, each: number, streams: string, before = ''): Scenario {
  return parseScenario(
    `name: t
groups:
${before}
  - { name: field, count: ${count}, devicesPerConnection: ${each}, startNumber: 1, publish: ${streams} }
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: 4s, load: [0.5, 2] }
`,
    'test.yaml',
  );
}

function fleetOf(scenario: Scenario, shards: number) {
  const fleet = plan(scenario);
  const clock = { us: 0 };
  return {
    clock,
    shards: Array.from({ length: shards }, (_, index) => {
      const placement = new ShardDevices(fleet, index, shards);
      const programs = streamPrograms(scenario, fleet, 'abcd', () => 0);
      const gateways: Gateway[] = [];
      const tally = new Tally();
      const table = new StreamTable(programs, placement);
      const shard = new Shard(
        { nowUs: () => clock.us, tally },
        table,
        (owner) => {
          for (let k = 0; k < placement.count; k++) gateways.push(new Gateway(k, owner));
          return gateways;
        },
        new Goings(scenario, placement),
        placement.count,
      );
      return { shard, gateways, placement, table };
    }),
  };
}

function run(fleet: ReturnType<typeof fleetOf>, untilUs: number): void {
  for (; fleet.clock.us < untilUs; fleet.clock.us += 1000) {
    for (const { shard } of fleet.shards) shard.tick();
  }
}

function started(scenario: Scenario, shards: number): ReturnType<typeof fleetOf> {
  const fleet = fleetOf(scenario, shards);
  for (const { shard } of fleet.shards) shard.start(() => 0);
  run(fleet, 2000);
  for (const { shard } of fleet.shards) shard.begin(SECOND_US);
  return fleet;
}

test('every device publishes exactly on its own schedule, behind whatever gateway and in whatever shard', () => {
  const arrivals = fc.constantFrom(
    '{ kind: periodic, interval: 300ms }',
    '{ kind: constant, ratePerSec: 40 }',
    '{ kind: poisson, ratePerSec: 40 }',
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(arrivals, { minLength: 1, maxLength: 2 }),
      (count, each, shards, kinds) => {
        const streams = `[${kinds.map((kind, k) => `{ topic: 's${k}/%i', arrivals: ${kind} }`).join()}]`;
        const before = `  - { name: alone, count: 3, publish: [{ topic: 'a/%i' }] }`;
        const sent = [1, each].map((perConnection) => {
          const fleet = started(scenarioOf(count, perConnection, streams, before), shards);
          run(fleet, 6 * SECOND_US);
          return fleet.shards
            .flatMap(({ gateways }) => gateways.flatMap((gateway) => gateway.sent))
            .map(
              ({ sender, sequence, intendedUs, topic }) =>
                `${sender} ${sequence} ${intendedUs} ${topic}`,
            )
            .sort();
        });
        assert.ok(sent[0]!.length > 0);
        assert.deepEqual(sent[1], sent[0]);
      },
    ),
    { numRuns: 25 },
  );
});

test('the devices of a gateway are all in its shard, each once, and in no other', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      (count, each, shards) => {
        const fleet = plan(scenarioOf(count, each, '[]', '  - { name: alone, count: 2 }'));
        const seen = new Map<number, string>();
        for (let shard = 0; shard < shards; shard++) {
          const placement = new ShardDevices(fleet, shard, shards);
          for (let local = 0; local < placement.count; local++) {
            if (placement.group(local) !== 1) continue;
            const first = placement.firstCarried(local);
            for (let index = first; index < first + placement.carried(local); index++) {
              assert.ok(!seen.has(index));
              seen.set(index, `${shard} ${local}`);
            }
          }
        }
        assert.equal(seen.size, count);
        for (const [index, where] of seen) {
          assert.equal(where, seen.get(index - (index % each)));
        }
      },
    ),
  );
});

test('a device behind a gateway is at most 64 bytes, timer included, before and after it has published', () => {
  const devices = 20_000;
  const streams = `[{ topic: 'plant/{run}/%c/device/%i', arrivals: { kind: periodic, interval: 2s } }]`;
  const fleet = started(scenarioOf(devices, 50, streams), 1);
  const [{ shard, gateways }] = fleet.shards as [(typeof fleet.shards)[0]];
  const perDevice = () => (shard.stateBytes - 1024) / devices;
  const before = perDevice();
  run(fleet, 6 * SECOND_US);
  assert.ok(gateways.every(({ sent }) => sent.length >= 50));
  assert.ok(before > 40 && before <= 64, `${before} bytes`);
  assert.equal(perDevice(), before);
});

test('the devices of a gateway have the room that there is in turn', () => {
  const streams = `[{ topic: 't/%i', qos: 1, arrivals: { kind: saturate } }]`;
  const scenario = parseScenario(
    `name: t
groups: [{ name: field, count: 5, devicesPerConnection: 5, publish: ${streams} }]
phases: [{ name: ramp, kind: ramp }, { name: steady, kind: steady, duration: 4s }]
`,
    'test.yaml',
  );
  const fleet = fleetOf(scenario, 1);
  const [{ shard, gateways }] = fleet.shards as [(typeof fleet.shards)[0]];
  shard.start(() => 0);
  gateways[0]!.room = 3;
  run(fleet, 2000);
  shard.begin(2000);
  run(fleet, 10_000);
  for (let k = 0; k < 20; k++) gateways[0]!.giveRoom(1);
  const sent = Array.from({ length: 5 }, (_, device) =>
    gateways[0]!.sent.slice(3).filter(({ sender }) => sender === device),
  );
  assert.deepEqual(
    sent.map(({ length }) => length),
    [4, 4, 4, 4, 4],
  );
});

test('a gateway says who it is by its own number, and subscribes for each of its devices or once for all', () => {
  const scenario = parseScenario(
    `name: t
groups:
  - name: field
    count: 5
    devicesPerConnection: 3
    startNumber: 10
    username: gw-%i
    will: { topic: 'gone/%c' }
    subscribe: [{ filter: 'cmd/%i' }, { filter: 'gw/{gateway}/#' }, { filter: 'of/%u' }, { filter: all, qos: 1 }]
    publish: [{ topic: '%c/%i' }]
phases: [{ name: ramp, kind: ramp }]
`,
    'test.yaml',
  );
  const group = scenario.groups[0]!;
  const identity = groupIdentity(group, 'abcd', 1);
  const identities = new DeviceIdentities(group, identity);
  const { clientId, username, will, filters } = identities.identity(1);
  assert.deepEqual(
    [clientId, username, will?.topic],
    ['fg-abcd-field-11', 'gw-11', 'gone/fg-abcd-field-11'],
  );
  assert.deepEqual(
    filters.map(({ filter }) => filter),
    ['cmd/13', 'cmd/14', 'gw/11/#', 'of/gw-11', 'all'],
  );
  assert.equal(plan(scenario).subscriptionCount, 5 + 2 + 2 + 2);
  assert.equal(identity.valuesOf(4, 0).clientId, clientId);
});
