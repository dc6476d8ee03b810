import { z } from 'zod';
import { type FieldPayload, fieldStreams } from '../field-clients/behaviour.js';
import { type BenchHeader, benchHeaders } from './bench-headers-schema.js';
import { clusterSchema } from './cluster.js';
import { DEFAULTS } from './defaults.js';
import {
  count,
  duration,
  flag,
  MAX_UINT32,
  mapping,
  name,
  protocol,
  qos,
  rate,
  seconds,
  text,
} from './fields.js';
import { type PayloadSize, payloadSize } from './payload-size-schema.js';
import { phase } from './phase-schema.js';
import {
  connectProperties,
  publishProperties,
  subscriptionOptions,
  willProperties,
} from './property-schema.js';
import { tlsSchema } from './tls.js';

/**
 * The scenario format, once: what a file may say, what is taken when it does not, and the types
 * the rest of the harness works with. Durations come out in µs (`…Us`), counts and rates as
 * numbers. Checks that need more than one field stand in `check.ts`.
 */

const will = mapping({
  topic: text,
  payload: text.default(''),
  qos: qos.default(DEFAULTS.qos),
  retain: flag.default(DEFAULTS.retain),
  delay: seconds(MAX_UINT32).prefault('0s'),
  properties: willProperties.optional(),
}).transform(({ delay, ...rest }) => ({ ...rest, delayUs: delay }));

const subscription = mapping({
  filter: text,
  qos: qos.default(DEFAULTS.qos),
  ...subscriptionOptions,
});

const PAYLOAD_EXPECTED =
  'one of { bytes: 64 }, { text: … }, { template: … } and { file: … } (the last three with header: true to be timed)';

/** A packet has at most 256 MiB (MQTT 5, 2.1.4); this leaves room for the rest of it. */
const MAX_PAYLOAD_BYTES = 268_000_000;

type PlainPayload = { benchHeaders?: BenchHeader[] } & (
  | { kind: 'filler'; bytes: number }
  | { kind: 'sized'; size: PayloadSize }
  | { kind: 'file'; files: string[]; header: boolean }
  | { kind: 'text'; text: string; header: boolean }
  | { kind: 'template'; template: string; header: boolean; randomBytes: number }
);

const payload = mapping({
  bytes: z.union([count(0, MAX_PAYLOAD_BYTES), payloadSize(MAX_PAYLOAD_BYTES)]).optional(),
  file: z
    .union([text.transform((file) => [file]), z.array(text).min(1)], {
      error: 'a file, a folder, or a list of them',
    })
    .optional(),
  text: text.optional(),
  template: text.optional(),
  header: flag.optional(),
  randomBytes: count(0, MAX_PAYLOAD_BYTES).optional(),
  benchHeaders: benchHeaders.optional(),
}).transform((raw, context): PlainPayload | FieldPayload => {
  const header = raw.header ?? false;
  const front = raw.benchHeaders === undefined ? {} : { benchHeaders: raw.benchHeaders };
  const given = [raw.bytes, raw.text, raw.template, raw.file].filter((v) => v !== undefined).length;
  const misplaced =
    (raw.bytes !== undefined && raw.header !== undefined) ||
    (raw.template === undefined && raw.randomBytes !== undefined);
  if (given === 1 && !misplaced) {
    const { bytes } = raw;
    if (typeof bytes === 'number') return { kind: 'filler' as const, bytes, ...front };
    if (bytes !== undefined) return { kind: 'sized' as const, size: bytes, ...front };
    if (raw.file !== undefined) return { kind: 'file' as const, files: raw.file, header, ...front };
    if (raw.text !== undefined) return { kind: 'text' as const, text: raw.text, header, ...front };
    if (raw.template !== undefined) {
      const randomBytes = raw.randomBytes ?? DEFAULTS.randomBytes;
      return { kind: 'template' as const, template: raw.template, header, randomBytes, ...front };
    }
  }
  context.issues.push({ code: 'custom', message: PAYLOAD_EXPECTED, input: raw });
  return z.NEVER;
});

const FIRST_EXPECTED = 'from when to when, such as [0s, 5s]';

const arrivals = z.discriminatedUnion(
  'kind',
  [
    mapping({
      kind: z.literal('periodic'),
      interval: duration.prefault(DEFAULTS.interval),
      first: z.tuple([duration, duration], { error: FIRST_EXPECTED }).optional(),
    }).transform(({ kind, interval, first }) => ({
      kind,
      intervalUs: interval,
      ...(first === undefined ? {} : { firstUs: { from: first[0], to: first[1] } }),
    })),
    mapping({ kind: z.literal('constant'), ratePerSec: rate }),
    mapping({ kind: z.literal('poisson'), ratePerSec: rate }),
    mapping({ kind: z.literal('saturate') }),
  ],
  { error: 'a kind of arrivals: periodic, constant, poisson or saturate' },
);

/** The messages of a stream are requests: their answers are waited for on this topic. */
const response = mapping({
  topic: text,
  timeout: duration.prefault(DEFAULTS.responseTimeout),
  qos: qos.default(DEFAULTS.qos),
}).transform(({ timeout, ...rest }) => ({ ...rest, timeoutUs: timeout }));

/** What the group receives is answered. */
const respond = mapping({
  topic: text.optional(),
  bytes: count(0, MAX_PAYLOAD_BYTES).prefault(DEFAULTS.payloadBytes),
  delay: duration.prefault(DEFAULTS.respondDelay),
  qos: qos.default(DEFAULTS.qos),
}).transform(({ delay, ...rest }) => ({ ...rest, delayUs: delay }));

const stream = mapping({
  topic: text,
  qos: qos.default(DEFAULTS.qos),
  retain: flag.default(DEFAULTS.retain),
  payload: payload.prefault({ bytes: DEFAULTS.payloadBytes }),
  arrivals: arrivals.prefault({ kind: 'periodic' }),
  limit: count(0, Number.MAX_SAFE_INTEGER).prefault(DEFAULTS.limit),
  properties: publishProperties.optional(),
  response: response.optional(),
});

const MULTIPLIER_EXPECTED = 'a factor of at least 1, such as 2';
const JITTER_EXPECTED = 'a part of the wait from 0 to 1, such as 0.5';

/** What a device does that could not connect, or lost its connection. */
const reconnect = mapping({
  initial: duration.prefault(DEFAULTS.backOffInitial),
  max: duration.prefault(DEFAULTS.backOffMax),
  multiplier: z
    .number({ error: MULTIPLIER_EXPECTED })
    .min(1, MULTIPLIER_EXPECTED)
    .default(DEFAULTS.backOffMultiplier),
  jitter: z
    .number({ error: JITTER_EXPECTED })
    .min(0, JITTER_EXPECTED)
    .max(1, JITTER_EXPECTED)
    .default(DEFAULTS.backOffJitter),
  limit: count(0).prefault(DEFAULTS.backOffLimit),
  first: flag.optional(),
}).transform(({ initial, max, ...rest }) => ({ ...rest, initialUs: initial, maxUs: max }));
const behaviour = z.discriminatedUnion(
  'kind',
  [
    mapping({
      kind: z.literal('sparkplug'),
      group: name.default(DEFAULTS.sparkplugGroup),
      devices: count(0, 1000).prefault(DEFAULTS.sparkplugDevices),
      metrics: count(1, 10_000).prefault(DEFAULTS.fieldMetrics),
      changed: count(1, 10_000).prefault(DEFAULTS.sparkplugChanged),
      interval: duration.prefault(DEFAULTS.interval),
    }).transform(({ interval, ...rest }) => ({ ...rest, intervalUs: interval })),
    mapping({
      kind: z.literal('kura'),
      account: name.default(DEFAULTS.kuraAccount),
      assets: count(1, 1000).prefault(DEFAULTS.kuraAssets),
      metrics: count(1, 10_000).prefault(DEFAULTS.fieldMetrics),
      gzip: flag.default(DEFAULTS.kuraGzip),
      interval: duration.prefault(DEFAULTS.interval),
    }).transform(({ interval, ...rest }) => ({ ...rest, intervalUs: interval })),
  ],
  { error: 'a kind of behaviour: kura or sparkplug' },
);

interface GroupStreams {
  will: z.output<typeof will>;
  subscribe: z.output<typeof subscription>[];
  publish: z.output<typeof stream>[];
}
/** A gateway that carries more is a broker; and the filters of its devices go into one SUBSCRIBE. */
const MAX_DEVICES_PER_CONNECTION = 65_535;

const group = mapping({
  name,
  count: count(1),
  devicesPerConnection: count(1, MAX_DEVICES_PER_CONNECTION).prefault(
    DEFAULTS.devicesPerConnection,
  ),
  startNumber: count(0).prefault(DEFAULTS.startNumber),
  scaled: flag.optional(),
  clientId: text.default(DEFAULTS.clientId),
  protocol: protocol.prefault(DEFAULTS.protocol),
  driver: z.literal(['lean', 'mqttjs'], { error: 'lean or mqttjs' }).default(DEFAULTS.driver),
  cleanStart: flag.default(DEFAULTS.cleanStart),
  sessionExpiry: seconds(MAX_UINT32).prefault(DEFAULTS.sessionExpiry),
  keepAlive: seconds(65_535).prefault(DEFAULTS.keepAlive),
  properties: connectProperties.optional(),
  username: text.optional(),
  password: text.optional(),
  credentials: mapping({ file: text }).optional(),
  will: will.optional(),
  reconnect: reconnect.optional(),
  behaviour: behaviour.optional(),
  tls: tlsSchema.optional(),
  inflight: count(0, 65_535).prefault(DEFAULTS.inflight),
  subscribe: z.array(subscription, { error: 'a list of { filter, qos }' }).default([]),
  respond: respond.optional(),
  publish: z.array(stream, { error: 'a list of streams ({ topic, … })' }).default([]),
}).transform(({ keepAlive, sessionExpiry, ...rest }, context) => {
  const { behaviour, will, subscribe, publish } = rest;
  if (behaviour !== undefined && (will !== undefined || subscribe.length + publish.length > 0)) {
    const message = 'no will, subscribe or publish beside a behaviour, which they follow from';
    context.issues.push({ code: 'custom', message, input: rest });
    return z.NEVER;
  }
  const streams: Partial<GroupStreams> = behaviour === undefined ? {} : fieldStreams(behaviour);
  return {
    ...rest,
    ...streams,
    sessionExpiryUs: sessionExpiry,
    keepAliveUs: keepAlive,
  };
});

const connect = mapping({
  ratePerSec: rate.prefault(DEFAULTS.connectRatePerSec),
  timeout: duration.prefault(DEFAULTS.connectTimeout),
  retries: count(0, 0xffff).optional(),
  inflight: count(1).optional(),
}).transform(({ timeout, ...rest }) => ({ ...rest, timeoutUs: timeout }));

const target = z
  .union([text.transform((url) => [url]), z.array(text)], {
    error: 'a URL such as mqtt://127.0.0.1:1883, or a list of them',
  })
  .default([]);

const sas = mapping({
  keyEnv: name,
  keyOf: z
    .literal(['device', 'group', 'policy'], { error: 'device, group or policy' })
    .default(DEFAULTS.sasKeyOf),
  policy: name.default(DEFAULTS.sasPolicy),
  lifetime: duration.prefault(DEFAULTS.sasLifetime),
}).transform(({ lifetime, ...rest }) => ({ ...rest, lifetimeUs: lifetime }));

const chosenProfile = mapping({
  name,
  host: name.optional(),
  endpoint: count(1, 65_535).optional(),
  sas: sas.optional(),
});

const profile = z.union(
  [name.transform((named): z.output<typeof chosenProfile> => ({ name: named })), chosenProfile],
  { error: 'the name of a target profile, or a mapping of name, host, endpoint and sas' },
);

const probes = z
  .record(z.string(), z.union([text, z.number()]).transform(String), {
    error:
      'a mapping of names to what to watch, such as { broker: prometheus:http://host/metrics }',
  })
  .default({});

export const scenarioSchema = mapping({
  name,
  seed: count(0).prefault(DEFAULTS.seed),
  target,
  cluster: clusterSchema.optional(),
  profile: profile.optional(),
  probes,
  sourceAddresses: z
    .array(text, { error: 'a list of addresses of this machine such as [127.0.0.2]' })
    .default([]),
  foreignHeaders: benchHeaders.optional(),
  tls: tlsSchema.optional(),
  connect: connect.prefault({}),
  groups: z.array(group, { error: 'a list of groups' }).min(1, 'at least one group'),
  phases: z.array(phase, { error: 'a list of phases' }).min(1, 'at least one phase'),
  objectives: z
    .array(text, { error: "a list such as ['publish.response.p99 < 50ms']" })
    .default([]),
});

/** A scenario as the harness uses it: checked, defaults filled in, durations in µs. */
export type Scenario = z.output<typeof scenarioSchema>;
/** A scenario as a file may spell it. */
export type ScenarioSpelling = z.input<typeof scenarioSchema>;
export type Group = Scenario['groups'][number];
export type Will = NonNullable<Group['will']>;
export type Subscription = Group['subscribe'][number];
/** One stream of messages that every device of a group sends. */
export type Publish = Group['publish'][number];
export type Respond = NonNullable<Group['respond']>;
export type Payload = Publish['payload'];
export type Reconnect = NonNullable<Group['reconnect']>;
export type PublishArrivals = Publish['arrivals'];
export type Cluster = NonNullable<Scenario['cluster']>;
export type ProfileChoice = NonNullable<Scenario['profile']>;
