import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COUNTER, type Device, type DeviceOwner, type Outgoing, Tally } from '../device/mod.js';
import { parseScenario, plan, type Scenario } from '../scenario/mod.js';
import { Goings } from './goings.js';
import { Shard } from './shard.js';
import { ShardDevices } from './shard-devices.js';
import { streamPrograms } from './stream-program.js';
import { StreamTable } from './stream-table.js';

const SECOND_US = 1_000_000;

/** A device without a socket: it notes what it is told and has as much room as the test gives it. */
class ScriptedDevice implements Device {
  ready = false;
  inflight = 0;
  room = Number.POSITIVE_INFINITY;
  connectedAtUs = -1;
  readonly sent: { intendedUs: number; sequence: number; topic: string; sender: number }[] = [];
  readonly #index: number;
  readonly #owner: DeviceOwner;
  #wantsRoom = false;

  constructor(index: number, owner: DeviceOwner) {
    this.#index = index;
    this.#owner = owner;
  }

  connect(intendedUs: number): void {
    this.connectedAtUs = intendedUs;
    this.ready = true;
    this.#owner.ready(this.#index);
  }

  publish(message: Outgoing, sequence: number, intendedUs: number): boolean {
    if (this.room === 0) {
      this.#wantsRoom = true;
      return false;
    }
    this.room--;
    const { topic, topicStart, topicEnd, sender } = message;
    const text = Buffer.from(topic.subarray(topicStart, topicEnd)).toString();
    this.sent.push({ intendedUs, sequence, topic: text, sender });
    return true;
  }

  giveRoom(room: number): void {
    this.room += room;
    if (!this.#wantsRoom) return;
    this.#wantsRoom = false;
    this.#owner.hasRoom(this.#index);
  }

  lose(): void {
    this.#owner.lost(this.#index);
  }

  flush(): void {}
  timer(): number {
    return Number.POSITIVE_INFINITY;
  }
  disconnect(): void {
    this.leave();
  }
  cut(): void {
    this.leave();
  }
  leave(): void {
    this.ready = false;
    this.#owner.closed(this.#index);
  }
}

function scenarioOf(arrivals: string, count: number, seconds: number, load = '1'): Scenario {
  return parseScenario(
    `name: t
groups:
  - name: g
    count: ${count}
    subscribe: [{ filter: 't/+' }]
    publish: [{ topic: 't/%i', arrivals: ${arrivals} }]
phases:
  - { name: ramp, kind: ramp }
  - { name: steady, kind: steady, duration: ${seconds}s, load: ${load} }
`,
    'test.yaml',
  );
}

/** Shards of one fleet on a clock that only the test moves. */
function fleetOf(scenario: Scenario, shards: number) {
  const clock = { us: 0 };
  const fleet = plan(scenario);
  return {
    clock,
    shards: Array.from({ length: shards }, (_, index) => {
      const tally = new Tally();
      const placement = new ShardDevices(fleet, index, shards);
      const programs = streamPrograms(scenario, fleet, 'abcd', () => 0);
      const devices: ScriptedDevice[] = [];
      const shard = new Shard(
        { nowUs: () => clock.us, tally },
        new StreamTable(programs, placement),
        (owner) => {
          for (let k = 0; k < placement.count; k++) devices.push(new ScriptedDevice(k, owner));
          return devices;
        },
        new Goings(scenario, placement),
        placement.count,
      );
      return { shard, devices, tally, placement };
    }),
  };
}

function run(fleet: ReturnType<typeof fleetOf>, untilUs: number, stepUs = 1000): void {
  while (fleet.clock.us < untilUs) {
    fleet.clock.us += stepUs;
    for (const { shard } of fleet.shards) shard.tick();
  }
}

function started(scenario: Scenario, shards = 1): ReturnType<typeof fleetOf> {
  const fleet = fleetOf(scenario, shards);
  for (const { shard, placement } of fleet.shards) shard.start((k) => placement.global(k) * 100);
  run(fleet, 100_000);
  for (const { shard } of fleet.shards) {
    assert.ok(shard.presence.settled);
    shard.begin(SECOND_US);
  }
  return fleet;
}

test('devices connect on their schedule, and the shard settles when all have', () => {
  const fleet = fleetOf(scenarioOf('{ kind: periodic }', 10, 1), 1);
  const [{ shard, devices }] = fleet.shards as [(typeof fleet.shards)[0]];
  shard.start((device) => device * 1500);
  run(fleet, 7000);
  assert.deepEqual(
    devices.map(({ connectedAtUs }) => connectedAtUs),
    [0, 1500, 3000, 4500, 6000, -1, -1, -1, -1, -1],
  );
  assert.equal(shard.presence.settled, false);
  run(fleet, 14_000);
  assert.equal(shard.presence.settled, true);
});

for (const arrivals of [
  '{ kind: periodic, interval: 100ms }',
  '{ kind: constant, ratePerSec: 100 }',
  '{ kind: poisson, ratePerSec: 100 }',
]) {
  test(`however many shards drive it, the fleet sends the same messages: ${arrivals}`, () => {
    const sent = [1, 3, 7].map((shards) => {
      const fleet = started(scenarioOf(arrivals, 10, 2, '[0.5, 2]'), shards);
      run(fleet, 4 * SECOND_US);
      return fleet.shards
        .flatMap(({ devices }) => devices.flatMap((device) => device.sent))
        .map(
          ({ intendedUs, sequence, sender, topic }) =>
            `${sender} ${sequence} ${intendedUs} ${topic}`,
        )
        .sort();
    });
    assert.ok(sent[0]!.length > 100);
    assert.deepEqual(sent[1], sent[0]);
    assert.deepEqual(sent[2], sent[0]);
  });
}

test('a device that had no room sends late, each message from its own intended time', () => {
  const free = started(scenarioOf('{ kind: periodic, interval: 50ms }', 1, 1));
  run(free, 3 * SECOND_US);
  const held = started(scenarioOf('{ kind: periodic, interval: 50ms }', 1, 1));
  const { shard, devices, tally } = held.shards[0]!;
  devices[0]!.room = 3;
  run(held, 1.5 * SECOND_US);
  assert.equal(devices[0]!.sent.length, 3);
  // What fell due is counted while it waits.
  const backlog = shard.backlog(held.clock.us);
  assert.equal(tally.counters[COUNTER.publishesScheduled], 3 + backlog);
  assert.ok(backlog >= 6 && backlog <= 8, `${backlog}`);
  devices[0]!.giveRoom(1000);
  run(held, 3 * SECOND_US);
  assert.deepEqual(devices[0]!.sent, free.shards[0]!.devices[0]!.sent);
  assert.equal(shard.backlog(held.clock.us), 0);
  assert.equal(tally.counters[COUNTER.publishesScheduled], 20);
  assert.equal(tally.counters[COUNTER.deliveriesExpected], 20);
});

test('what waits for room is not the own lag of the thread, what it does not come to is', () => {
  const held = started(scenarioOf('{ kind: periodic, interval: 50ms }', 1, 1));
  const { shard, devices } = held.shards[0]!;
  run(held, 1.1 * SECOND_US);
  shard.takeOwnLagUs();
  devices[0]!.room = 0;
  run(held, 1.6 * SECOND_US);
  devices[0]!.giveRoom(1000);
  const waited = devices[0]!.sent.length;
  assert.ok(waited > 8, `${waited} were sent`);
  assert.ok(shard.takeOwnLagUs() < 10_000, 'they waited for the device');
  // The thread does not come round for 300 ms: 50, 100 … 300 ms of lag.
  held.clock.us += 0.3 * SECOND_US;
  shard.tick();
  const late = devices[0]!.sent.length - waited;
  const meanUs = shard.takeOwnLagUs() / late;
  assert.ok(late >= 5 && meanUs > 100_000 && meanUs < 200_000, `${late} late by ${meanUs} µs`);
});

test('scheduled = sent + failed + waiting, whatever room devices have and whichever are lost', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          device: fc.nat(4),
          what: fc.constantFrom('room', 'lose', 'stall'),
          amount: fc.nat(20),
          waitUs: fc.integer({ min: 500, max: 400_000 }),
        }),
        { maxLength: 25 },
      ),
      (steps) => {
        const fleet = started(scenarioOf('{ kind: poisson, ratePerSec: 200 }', 5, 3));
        const { shard, devices, tally } = fleet.shards[0]!;
        for (const device of devices) device.room = 5;
        const lost = new Set<number>();
        for (const { device, what, amount, waitUs } of steps) {
          if (what === 'room') devices[device]!.giveRoom(amount);
          else if (what === 'stall') fleet.clock.us += waitUs;
          else if (!lost.has(device)) {
            lost.add(device);
            devices[device]!.lose();
          }
          run(fleet, fleet.clock.us + waitUs, 1700);
          const backlog = shard.backlog(fleet.clock.us);
          const sent = devices.reduce((sum, { sent }) => sum + sent.length, 0);
          const { publishesScheduled, publishesFailed } = COUNTER;
          assert.equal(
            tally.counters[publishesScheduled],
            sent + tally.counters[publishesFailed]! + backlog,
          );
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('what falls due while the generator itself stands still is scheduled and waits', () => {
  const fleet = started(scenarioOf('{ kind: constant, ratePerSec: 1000 }', 10, 2));
  const { shard, devices, tally } = fleet.shards[0]!;
  run(fleet, 1.5 * SECOND_US);
  fleet.clock.us += 500_000;
  assert.ok(Math.abs(shard.backlog(fleet.clock.us) - 500) <= 10);
  assert.ok(Math.abs(tally.counters[COUNTER.publishesScheduled]! - 1000) <= 10);
  run(fleet, 2.5 * SECOND_US);
  assert.equal(shard.backlog(fleet.clock.us), 0);
  const sent = devices.reduce((sum, device) => sum + device.sent.length, 0);
  assert.equal(tally.counters[COUNTER.publishesScheduled], sent);
  // It does not come back before the run is over; what is due after that is nobody's any more.
  fleet.clock.us += 300_000;
  shard.disconnect();
  fleet.clock.us += 100_000;
  const waiting = shard.backlog(fleet.clock.us);
  assert.ok(Math.abs(waiting - 300) <= 10, `${waiting}`);
  assert.equal(tally.counters[COUNTER.publishesScheduled], sent + waiting);
});

test('a limit is shared out among the devices and kept to the message', () => {
  const scenario = scenarioOf('{ kind: periodic, interval: 10ms }', 3, 2);
  scenario.groups[0]!.publish[0]!.limit = 10;
  const fleet = started(scenario, 2);
  run(fleet, 4 * SECOND_US);
  const sent = fleet.shards.flatMap(({ devices }) => devices.map((device) => device.sent.length));
  assert.deepEqual(sent.sort(), [3, 3, 4]);
});

test('a closed loop sends as long as there is room and load, and intends what it sends when it sends it', () => {
  const fleet = started(scenarioOf('{ kind: saturate }', 1, 1));
  const { devices } = fleet.shards[0]!;
  devices[0]!.room = 5;
  run(fleet, 1.2 * SECOND_US);
  assert.equal(devices[0]!.sent.length, 5);
  devices[0]!.giveRoom(2);
  assert.equal(devices[0]!.sent.length, 7);
  assert.equal(devices[0]!.sent[6]!.intendedUs, fleet.clock.us);
  run(fleet, 2.5 * SECOND_US);
  devices[0]!.giveRoom(2);
  run(fleet, 3 * SECOND_US);
  assert.equal(devices[0]!.sent.length, 7, 'nothing after the load has ended');
});

test('in a phase without load nothing is sent, and the schedule goes on where it stood', () => {
  const scenario = parseScenario(
    `name: t
groups:
  - { name: a, count: 1, publish: [{ topic: t, arrivals: { kind: constant, ratePerSec: 10 } }] }
  - { name: b, count: 1, publish: [{ topic: t, arrivals: { kind: constant, ratePerSec: 10 } }] }
phases:
  - { name: ramp, kind: ramp }
  - { name: one, kind: steady, duration: 1s, load: { a: 1 } }
  - { name: two, kind: steady, duration: 1s, load: { b: 2 } }
  - { name: three, kind: steady, duration: 1s, load: { a: 1 } }
`,
    'test.yaml',
  );
  const fleet = started(scenario);
  run(fleet, 6 * SECOND_US);
  const [a, b] = fleet.shards[0]!.devices.map(({ sent }) =>
    sent.map(({ intendedUs }) => Math.round(intendedUs / 1000 - 1000)),
  );
  const tenths = (from: number): number[] => Array.from({ length: 10 }, (_, k) => from + k * 100);
  assert.deepEqual(a, [...tenths(0), ...tenths(2000)]);
  assert.deepEqual(
    b,
    Array.from({ length: 20 }, (_, k) => 1000 + k * 50),
  );
});
