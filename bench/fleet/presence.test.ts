import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER, type Device, type DeviceOwner, type Outgoing, Tally } from '../device/mod.js';
import { FieldSession } from '../field-clients/session.js';
import { GroupIdentity, parseScenario, plan } from '../scenario/mod.js';
import { Births } from './births.js';
import { Goings } from './goings.js';
import { Shard } from './shard.js';
import { ShardDevices } from './shard-devices.js';
import { streamPrograms } from './stream-program.js';
import { StreamTable } from './stream-table.js';

const SECOND_US = 1_000_000;

/** A device without a socket, that notes when it connects and leaves; the target is up or down. */
class Dummy implements Device {
  /** undefined: it does not answer. */
  static targetUp: boolean | undefined = true;
  ready = false;
  inflight = 0;
  readonly log: string[] = [];
  readonly #index: number;
  readonly #owner: DeviceOwner;
  readonly #nowUs: () => number;

  constructor(index: number, owner: DeviceOwner, nowUs: () => number) {
    this.#index = index;
    this.#owner = owner;
    this.#nowUs = nowUs;
  }

  connect(intendedUs: number): void {
    this.log.push(`connect ${intendedUs / 1000}`);
    if (Dummy.targetUp === undefined) return;
    this.ready = Dummy.targetUp;
    if (this.ready) this.#owner.ready(this.#index);
    else this.#owner.failed(this.#index);
  }
  publish({ topic }: Outgoing): boolean {
    const message = Buffer.from(topic).toString().split('/')[2];
    if (message !== undefined) this.log.push(message);
    return true;
  }
  flush(): void {}
  timer(): number {
    return Number.POSITIVE_INFINITY;
  }
  disconnect(): void {
    this.#gone('disconnect');
  }
  cut(): void {
    this.#gone('cut');
  }
  lose(): void {
    this.ready = false;
    this.#owner.lost(this.#index);
  }
  #gone(how: string): void {
    this.log.push(`${how} ${this.#nowUs() / 1000}`);
    this.ready = false;
    this.#owner.closed(this.#index);
  }
}

/** One shard with four devices that publish every 100 ms, on a clock that only the test moves. */
function shardOf(
  group: string,
  phases: string,
  does = 'publish: [{ topic: t, arrivals: { kind: periodic, interval: 100ms } }],',
  connect: { retries?: number; inflight?: number; isUp?: boolean | undefined } = {},
) {
  const { retries = 0, inflight = 100 } = connect;
  Dummy.targetUp = 'isUp' in connect ? connect.isUp : true;
  const scenario = parseScenario(
    `name: t
connect: { retries: ${retries}, inflight: ${inflight} }
groups:
  - { name: g, count: 4, ${does} ${group} }
phases:
  - { name: ramp, kind: ramp }
  ${phases}
`,
    'test.yaml',
  );
  const clock = { us: 0 };
  const nowUs = () => clock.us;
  const fleet = plan(scenario);
  const placement = new ShardDevices(fleet, 0, 1);
  const sessions = scenario.groups.map((each) => {
    const identity = new GroupIdentity(each, 'abcd', 1);
    const { behaviour, count } = each;
    if (behaviour === undefined) return undefined;
    return new FieldSession(
      behaviour,
      count,
      (index) => identity.valuesOf(index, 0),
      () => 0,
    );
  });
  const programs = streamPrograms(scenario, fleet, 'abcd', () => 0, sessions);
  const devices: Dummy[] = [];
  const tally = new Tally();
  const shard = new Shard(
    { nowUs, tally },
    new StreamTable(programs, placement),
    (owner) => {
      for (let k = 0; k < 4; k++) devices.push(new Dummy(k, owner, nowUs));
      return devices;
    },
    new Goings(scenario, placement),
    4,
    new Births(sessions, placement, tally, nowUs),
  );
  const run = (untilUs: number): void => {
    for (; clock.us < untilUs; clock.us += 1000) shard.tick();
  };
  shard.start(() => 0);
  run(10_000);
  shard.begin(SECOND_US);
  return { shard, devices, tally, run };
}

function counted(tally: Tally, ...names: (keyof typeof COUNTER)[]): number[] {
  return names.map((name) => tally.counters[COUNTER[name]]!);
}

test('churn takes the devices in turn through whole cycles at the rate of the phase', () => {
  const churn = '- { name: c, kind: churn, duration: 1s, ratePerSec: 10, offline: 50ms }';
  const { devices, tally, run } = shardOf('', churn);
  run(3 * SECOND_US);
  assert.deepEqual(devices[1]!.log, [
    'connect 0',
    'disconnect 1100',
    'connect 1150',
    'disconnect 1500',
    'connect 1550',
    'disconnect 1900',
    'connect 1950',
  ]);
  const names = ['cyclesScheduled', 'cyclesCompleted', 'connectionsEnded', 'reconnects'] as const;
  assert.deepEqual(counted(tally, ...names), [10, 10, 10, 0]);
  assert.equal(counted(tally, 'publishesFailed')[0], 0);
});

test('what falls due while a device is away by plan is not offered, and counted so', () => {
  const churn = '- { name: c, kind: churn, duration: 4s, ratePerSec: 1, offline: 500ms }';
  const { tally, run } = shardOf('', churn);
  run(7 * SECOND_US);
  const [away, scheduled, failed] = counted(
    tally,
    'publishesAway',
    'publishesScheduled',
    'publishesFailed',
  );
  assert.equal(away! + scheduled!, 160, 'the whole schedule: 4 devices, 10/s, 4 s');
  assert.equal(failed, 0);
  assert.ok(away! >= 18 && away! <= 22, `${away}`);
});

test('a device that waits for answers leaves when they have come', () => {
  const churn = '- { name: c, kind: churn, duration: 1s, ratePerSec: 1, offline: 200ms }';
  const { devices, run } = shardOf('', churn);
  devices[0]!.inflight = 1;
  run(1.1 * SECOND_US);
  assert.deepEqual(devices[0]!.log, ['connect 0']);
  devices[0]!.inflight = 0;
  run(2 * SECOND_US);
  assert.deepEqual(devices[0]!.log, ['connect 0', 'disconnect 1100', 'connect 1200']);
});

test('a storm cuts its share at once, and they come back by their back-off', () => {
  const { devices, tally, run } = shardOf(
    'reconnect: { initial: 400ms, jitter: 0 }',
    '- { name: s, kind: storm, duration: 2s, share: 0.5, within: 10ms }',
  );
  run(3 * SECOND_US);
  assert.deepEqual(
    devices.map(({ log }) => log.slice(1)),
    [['cut 1000', 'connect 1400'], ['cut 1005', 'connect 1405'], [], []],
  );
  assert.deepEqual(counted(tally, 'reconnects', 'connectionsEnded', 'cyclesScheduled'), [2, 2, 0]);
});

test('a target that is away for a while is tried again and again, and what falls due meanwhile fails', () => {
  const { shard, devices, tally, run } = shardOf(
    'reconnect: { initial: 100ms, max: 400ms, jitter: 0 }',
    '- { name: s, kind: steady, duration: 4s }',
  );
  run(1.5 * SECOND_US);
  Dummy.targetUp = false;
  for (const device of devices) device.lose();
  run(2 * SECOND_US);
  assert.equal(shard.presence.census.ready, 0);
  Dummy.targetUp = true;
  run(6 * SECOND_US);
  // 100, 200 and 400 ms after the loss and after each failure.
  assert.deepEqual(devices[2]!.log.slice(1), ['connect 1600', 'connect 1800', 'connect 2200']);
  assert.equal(shard.presence.census.ready, 4);
  const [failed, away, reconnects] = counted(
    tally,
    'publishesFailed',
    'publishesAway',
    'reconnects',
  );
  assert.ok(failed! >= 26 && failed! <= 30, `7 tenths of a second of 4 devices: ${failed}`);
  assert.deepEqual([away, reconnects], [0, 4]);
});

test('a first connect that fails is tried again at once, so often, and counted', () => {
  const phases = '- { name: s, kind: steady, duration: 4s }';
  const does = 'publish: [],';
  const alone = shardOf('', phases, does, { retries: 3, isUp: false });
  alone.run(2 * SECOND_US);
  for (const { log } of alone.devices) assert.equal(log.length, 1 + 3);
  assert.equal(alone.shard.presence.census.failed, 4);
  assert.deepEqual(counted(alone.tally, 'connectsRetried', 'reconnects'), [12, 0]);
});

test('no more devices connect at a time than may; those that waited are timed from when they were due', () => {
  const phases = '- { name: s, kind: steady, duration: 4s }';
  const { shard, devices, run } = shardOf('', phases, 'publish: [],', {
    inflight: 2,
    isUp: undefined,
  });
  const connecting = () => devices.flatMap(({ log }, k) => (log.length > 0 ? [k] : []));
  run(SECOND_US);
  const [first, second, ...more] = connecting();
  assert.deepEqual(more, []);
  shard.presence.ready(first!);
  assert.equal(connecting().length, 3);
  shard.presence.failed(second!);
  assert.equal(connecting().length, 4);
  for (const { log } of devices) assert.deepEqual(log, ['connect 0']);
});

test('a device that waits to connect and is told to close does not connect any more', () => {
  const phases = '- { name: s, kind: steady, duration: 4s }';
  const { shard, devices } = shardOf('', phases, 'publish: [],', { inflight: 1, isUp: undefined });
  const first = devices.findIndex(({ log }) => log.length > 0);
  for (const k of devices.keys()) if (k !== first) shard.presence.goodbye(k);
  shard.presence.ready(first);
  assert.equal(devices.filter(({ log }) => log.length > 0).length, 1);
});

test('after its retries a first connect waits by the back-off, unless that is for lost connections only', () => {
  const phases = '- { name: s, kind: steady, duration: 4s }';
  const backOff = 'initial: 100ms, max: 100ms, jitter: 0, limit: 2';
  const times = (group: string) => {
    const { devices, tally, run } = shardOf(group, phases, 'publish: [],', {
      retries: 1,
      isUp: false,
    });
    run(2 * SECOND_US);
    assert.deepEqual(counted(tally, 'connectsRetried'), [4]);
    return devices[0]!.log.length;
  };
  assert.equal(times(`reconnect: { ${backOff} }`), 1 + 1 + 2);
  assert.equal(times(`reconnect: { ${backOff}, first: false }`), 1 + 1);
});

test('a lost connection is made again by the back-off, and never counts as a retry', () => {
  const group = 'reconnect: { initial: 100ms, jitter: 0, limit: 5, first: false }';
  const phases = '- { name: s, kind: steady, duration: 4s }';
  const { devices, tally, run } = shardOf(group, phases, 'publish: [],', { retries: 2 });
  run(1.5 * SECOND_US);
  devices[0]!.lose();
  run(3 * SECOND_US);
  assert.deepEqual(devices[0]!.log, ['connect 0', 'connect 1600']);
  assert.deepEqual(counted(tally, 'connectsRetried', 'reconnects'), [0, 1]);
});

test('a device gives up at its limit, and one without a back-off at once', () => {
  const limited = shardOf(
    'reconnect: { initial: 10ms, jitter: 0, limit: 3 }',
    '- { name: s, kind: steady, duration: 4s }',
  );
  Dummy.targetUp = false;
  limited.devices[0]!.lose();
  limited.run(2 * SECOND_US);
  assert.equal(limited.devices[0]!.log.length, 1 + 3);
  assert.equal(limited.shard.presence.census.lost, 1);
  const plain = shardOf('', '- { name: s, kind: steady, duration: 4s }');
  plain.devices[0]!.lose();
  plain.run(2 * SECOND_US);
  assert.equal(plain.devices[0]!.log.length, 1);
  assert.equal(plain.shard.presence.census.lost, 1);
});

test('cycles that come due while the device is not there are scheduled and not completed', () => {
  const { devices, shard, tally, run } = shardOf(
    '',
    '- { name: c, kind: churn, duration: 2s, ratePerSec: 4, offline: 10ms }',
  );
  run(1.2 * SECOND_US);
  devices[1]!.lose();
  run(4 * SECOND_US);
  shard.disconnect();
  run(4.1 * SECOND_US);
  assert.deepEqual(counted(tally, 'cyclesScheduled', 'cyclesCompleted'), [8, 6]);
  assert.ok(shard.presence.allClosed);
});

test('the goodbye of a run reaches devices that are away: nobody comes back after it', () => {
  const { devices, shard, run } = shardOf(
    'reconnect: { initial: 1s, jitter: 0 }',
    '- { name: s, kind: storm, duration: 2s }',
  );
  run(1.5 * SECOND_US);
  shard.disconnect();
  run(4 * SECOND_US);
  assert.ok(shard.presence.allClosed);
  for (const { log } of devices) assert.equal(log.length, 2);
});

test('a field client is born anew on each connection, and says farewell before each goodbye', () => {
  const churn = '- { name: c, kind: churn, duration: 400ms, ratePerSec: 10, offline: 50ms }';
  const sparkplug = 'behaviour: { kind: sparkplug, devices: 1, interval: 1h }';
  const { shard, devices, run } = shardOf('', churn, sparkplug);
  run(2 * SECOND_US);
  const born = ['NBIRTH', 'DBIRTH'];
  const cycle = ['NDEATH', 'disconnect 1100', 'connect 1150', ...born];
  const log = () => devices[1]!.log.filter((line) => !line.endsWith('DATA'));
  assert.deepEqual(log(), ['connect 0', ...born, ...cycle]);
  shard.disconnect();
  run(3 * SECOND_US);
  assert.deepEqual(log().slice(-2), ['NDEATH', 'disconnect 2000']);
});
