import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scenarioHash } from './hash.js';
import { type Scenario, scenarioSchema } from './schema.js';
import { ScenarioSource } from './source.js';
import { scenarioToYaml } from './spelling.js';

const text = fc.oneof(
  fc.constantFrom('a', 'a/%i', '%rand_5', '{run}', '# no comment', ': x', '- y', 'null', '5', "'"),
  fc.string({ minLength: 1, unit: 'grapheme' }),
);
const qos = fc.constantFrom(0, 1, 2);
const secondsUpTo = (maximum: number) => fc.nat(maximum).map((n) => `${n}s`);
const duration = fc
  .tuple(fc.nat(100_000), fc.constantFrom('us', 'ms', 's', 'm'))
  .map((p) => p.join(''));
const rate = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
const count = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constantFrom('10k', '1m'));

const benchHeaders = fc.constantFrom(['cnt64'], ['ts', 'cnt64']);
const header = fc.boolean();
const payload = fc.oneof(
  fc.record({ bytes: fc.nat(1000), benchHeaders }, { requiredKeys: ['bytes'] }),
  fc.record(
    { bytes: fc.record({ min: fc.nat(9), max: fc.integer({ min: 9, max: 99 }) }), benchHeaders },
    { requiredKeys: ['bytes'] },
  ),
  fc.record({
    bytes: fc.record({
      choice: fc.array(fc.tuple(fc.nat(99), fc.double({ min: 0.1, max: 9, noNaN: true })), {
        minLength: 1,
      }),
    }),
  }),
  fc.record({
    bytes: fc.record({
      lognormal: fc.record(
        {
          mean: fc.integer({ min: 1, max: 99 }),
          sigma: fc.double({ min: 0.1, max: 3, noNaN: true }),
          max: fc.nat(999),
        },
        { requiredKeys: ['mean', 'sigma'] },
      ),
    }),
  }),
  fc.record(
    { file: fc.oneof(text, fc.array(text, { minLength: 1 })), header, benchHeaders },
    { requiredKeys: ['file'] },
  ),
  fc.record({ text: fc.string(), header, benchHeaders }, { requiredKeys: ['text'] }),
  fc.record(
    { template: fc.string(), header, randomBytes: fc.nat(1000), benchHeaders },
    { requiredKeys: ['template'] },
  ),
);
const arrivals = fc.oneof(
  fc.record(
    { kind: fc.constant('periodic'), interval: duration, first: fc.tuple(duration, duration) },
    { requiredKeys: ['kind', 'interval'] },
  ),
  fc.record({ kind: fc.constantFrom('constant', 'poisson'), ratePerSec: rate }),
  fc.constant({ kind: 'saturate' }),
);
const userProperties = fc.oneof(
  fc.array(fc.tuple(fc.string(), fc.string())),
  fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.nat())),
);
const messageProperties = {
  payloadFormatIndicator: fc.constantFrom(0, 1),
  messageExpiry: secondsUpTo(1e9),
  contentType: text,
  responseTopic: text,
  correlationData: text,
  userProperties,
};
const publishProperties = fc.record(
  { ...messageProperties, topicAlias: fc.boolean() },
  { requiredKeys: [] },
);
const subscription = fc.record(
  {
    filter: text,
    qos,
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
    retainHandling: fc.constantFrom(0, 1, 2),
    subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }),
    userProperties,
  },
  { requiredKeys: ['filter'] },
);
const stream = fc.record(
  {
    topic: text,
    qos,
    retain: fc.boolean(),
    payload,
    arrivals,
    limit: fc.nat(),
    properties: publishProperties,
    response: fc.record({ topic: text, timeout: duration, qos }, { requiredKeys: ['topic'] }),
  },
  { requiredKeys: ['topic'] },
);
const will = fc.record(
  {
    topic: text,
    payload: fc.string(),
    qos,
    retain: fc.boolean(),
    delay: secondsUpTo(1e9),
    properties: fc.record(messageProperties, { requiredKeys: [] }),
  },
  { requiredKeys: ['topic'] },
);
const tls = fc.record(
  {
    ca: text,
    cert: text,
    key: text,
    certificates: text,
    testCa: text,
    servername: text,
    alpn: fc.array(text),
    verify: fc.boolean(),
    minVersion: fc.constantFrom('TLSv1', 'TLSv1.2'),
    maxVersion: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
    ciphers: text,
    signatureAlgorithms: text,
    keyExchange: text,
    resume: fc.boolean(),
  },
  { requiredKeys: [] },
);
const group = fc.record(
  {
    name: text,
    count,
    devicesPerConnection: fc.integer({ min: 1, max: 65_535 }),
    startNumber: fc.nat(),
    scaled: fc.boolean(),
    clientId: text,
    protocol: fc.constantFrom(3, 4, 5, '3.1', 3.1, '3.1.1'),
    driver: fc.constantFrom('lean', 'mqttjs'),
    cleanStart: fc.boolean(),
    sessionExpiry: secondsUpTo(0xffffffff),
    keepAlive: secondsUpTo(65535),
    username: text,
    password: text,
    tls,
    will,
    properties: fc.record(
      {
        receiveMaximum: fc.integer({ min: 1, max: 65_535 }),
        maximumPacketSize: count,
        topicAliasMaximum: fc.nat(65_535),
        requestResponseInformation: fc.boolean(),
        requestProblemInformation: fc.boolean(),
        userProperties,
      },
      { requiredKeys: [] },
    ),
    reconnect: fc.record(
      { initial: duration, max: duration, limit: fc.nat(9), first: fc.boolean() },
      { requiredKeys: [] },
    ),
    inflight: fc.nat(65535),
    subscribe: fc.array(subscription),
    respond: fc.record(
      { topic: text, bytes: fc.nat(1000), delay: duration, qos },
      { requiredKeys: [] },
    ),
    publish: fc.array(stream),
  },
  { requiredKeys: ['name', 'count'] },
);
const line = fc.oneof(fc.nat(5), fc.tuple(fc.nat(5), fc.double({ min: 0, max: 9, noNaN: true })));
const phase = fc.oneof(
  fc.record(
    { name: text, kind: fc.constant('ramp'), timeout: duration },
    { requiredKeys: ['name', 'kind'] },
  ),
  fc.record(
    {
      name: text,
      kind: fc.constant('steady'),
      duration,
      load: fc.oneof(line, fc.dictionary(fc.constantFrom('a', 'b', 'from', '1'), line)),
      measure: fc.boolean(),
      whole: fc.boolean(),
    },
    { requiredKeys: ['name', 'kind', 'duration'] },
  ),
  fc.record(
    { name: text, kind: fc.constant('drain'), duration },
    { requiredKeys: ['name', 'kind'] },
  ),
);
const spelled = fc.record(
  {
    name: text,
    seed: fc.nat(0xffffffff),
    target: fc.oneof(text, fc.array(text)),
    sourceAddresses: fc.array(text),
    tls,
    connect: fc.record(
      {
        ratePerSec: rate,
        timeout: duration,
        retries: fc.nat(9),
        inflight: fc.integer({ min: 1, max: 9 }),
      },
      { requiredKeys: [] },
    ),
    foreignHeaders: benchHeaders,
    groups: fc.array(group, { minLength: 1, maxLength: 3 }),
    phases: fc.array(phase, { minLength: 1, maxLength: 4 }),
    objectives: fc.array(text),
  },
  { requiredKeys: ['name', 'groups', 'phases'] },
);
const scenario = spelled.map((draft): Scenario => scenarioSchema.parse(draft));

test('any scenario written as YAML reads back as the same scenario', () => {
  fc.assert(
    fc.property(scenario, (scenario) => {
      const read = new ScenarioSource(scenarioToYaml(scenario), 'round-trip.yaml').read();
      assert.deepEqual(read, scenario);
      assert.equal(scenarioHash(read), scenarioHash(scenario));
    }),
    { numRuns: 300 },
  );
});

/** The same value with every object's keys in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, shuffled(field)]);
  return Object.fromEntries(entries.reverse());
}

test('the hash does not depend on the order of keys, nor on name, objectives and the way to the target', () => {
  fc.assert(
    fc.property(scenario, text, (scenario, other) => {
      const hash = scenarioHash(scenario);
      assert.match(hash, /^[0-9a-f]{64}$/);
      assert.equal(scenarioHash(shuffled(scenario) as Scenario), hash);
      const renamed = { ...scenario, name: other, target: [other], objectives: [other] };
      assert.equal(scenarioHash(renamed), hash);
      const tls = { ca: other };
      const groups = scenario.groups.map((group) => ({ ...group, tls }));
      const otherWay = { ...scenario, sourceAddresses: [other], tls, groups };
      assert.equal(scenarioHash(otherWay), hash);
      assert.equal(scenarioHash(structuredClone(scenario)), hash);
    }),
  );
});

test('the hash depends on everything that changes the load', () => {
  fc.assert(
    fc.property(scenario, (scenario) => {
      const [group, ...others] = scenario.groups;
      const changes: Scenario[] = [
        { ...scenario, seed: scenario.seed + 1 },
        {
          ...scenario,
          connect: { ...scenario.connect, timeoutUs: 1 + scenario.connect.timeoutUs },
        },
        { ...scenario, groups: [{ ...group!, count: group!.count + 1 }, ...others] },
        { ...scenario, groups: [{ ...group!, inflight: group!.inflight + 1 }, ...others] },
        {
          ...scenario,
          phases: [...scenario.phases, { name: 'more', kind: 'drain', durationUs: 1 }],
        },
      ];
      const hashes = [scenario, ...changes].map(scenarioHash);
      assert.equal(new Set(hashes).size, hashes.length);
    }),
  );
});
