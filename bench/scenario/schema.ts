import { z } from 'zod';
import { type FieldPayload, fieldStreams } from '../field-clients/behaviour.js';
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
import { tlsSchema } from './tls.js';

/**
 * The scenario format, once: what a file may say, what is taken when it does not, and the types
 * the rest of the harness works with. Durations come out in µs (`…Us`), counts and rates as
 * numbers. Checks that need more than one field stand in `check.ts`.
 */

/** What a field is when the file leaves it out. The only place where defaults are. */
export const DEFAULTS = {
  seed: 1,
  connectRatePerSec: 1000,
  connectTimeout: '30s',
  startNumber: 0,
  clientId: 'fg-{run}-%g-%i',
  protocol: 5,
  driver: 'lean',
  cleanStart: true,
  sessionExpiry: '0s',
  keepAlive: '60s',
  inflight: 20,
  qos: 0,
  retain: false,
  payloadBytes: 64,
  randomBytes: 256,
  interval: '1s',
  limit: 0,
  load: 1,
  measure: true,
  drain: '5s',
  sparkplugGroup: 'plant',
  sparkplugDevices: 4,
  sparkplugChanged: 2,
  fieldMetrics: 10,
  kuraAccount: 'account-name',
  kuraAssets: 1,
  kuraGzip: true,
  sasKeyOf: 'device',
  sasPolicy: 'device',
  sasLifetime: '1h',
} as const;

const will = mapping({
  topic: text,
  payload: text.default(''),
  qos: qos.default(DEFAULTS.qos),
  retain: flag.default(DEFAULTS.retain),
  delay: seconds(MAX_UINT32).prefault('0s'),
}).transform(({ delay, ...rest }) => ({ ...rest, delayUs: delay }));

const subscription = mapping({ filter: text, qos: qos.default(DEFAULTS.qos) });

const PAYLOAD_EXPECTED =
  'one of { bytes: 64 }, { text: … } and { template: … } (with header: true to be timed)';

/** A packet has at most 256 MiB (MQTT 5, 2.1.4); this leaves room for the rest of it. */
const MAX_PAYLOAD_BYTES = 268_000_000;

type PlainPayload =
  | { kind: 'filler'; bytes: number }
  | { kind: 'text'; text: string; header: boolean }
  | { kind: 'template'; template: string; header: boolean; randomBytes: number };

const payload = mapping({
  bytes: count(0, MAX_PAYLOAD_BYTES).optional(),
  text: text.optional(),
  template: text.optional(),
  header: flag.optional(),
  randomBytes: count(0, MAX_PAYLOAD_BYTES).optional(),
}).transform((raw, context): PlainPayload | FieldPayload => {
  const header = raw.header ?? false;
  const given = [raw.bytes, raw.text, raw.template].filter((v) => v !== undefined).length;
  const misplaced =
    (raw.bytes !== undefined && raw.header !== undefined) ||
    (raw.template === undefined && raw.randomBytes !== undefined);
  if (given === 1 && !misplaced) {
    if (raw.bytes !== undefined) return { kind: 'filler' as const, bytes: raw.bytes };
    if (raw.text !== undefined) return { kind: 'text' as const, text: raw.text, header };
    if (raw.template !== undefined) {
      const randomBytes = raw.randomBytes ?? DEFAULTS.randomBytes;
      return { kind: 'template' as const, template: raw.template, header, randomBytes };
    }
  }
  context.issues.push({ code: 'custom', message: PAYLOAD_EXPECTED, input: raw });
  return z.NEVER;
});

const arrivals = z.discriminatedUnion(
  'kind',
  [
    mapping({
      kind: z.literal('periodic'),
      interval: duration.prefault(DEFAULTS.interval),
    }).transform(({ kind, interval }) => ({ kind, intervalUs: interval })),
    mapping({ kind: z.literal('constant'), ratePerSec: rate }),
    mapping({ kind: z.literal('poisson'), ratePerSec: rate }),
    mapping({ kind: z.literal('saturate') }),
  ],
  { error: 'a kind of arrivals: periodic, constant, poisson or saturate' },
);

const stream = mapping({
  topic: text,
  qos: qos.default(DEFAULTS.qos),
  retain: flag.default(DEFAULTS.retain),
  payload: payload.prefault({ bytes: DEFAULTS.payloadBytes }),
  arrivals: arrivals.prefault({ kind: 'periodic' }),
  limit: count(0, Number.MAX_SAFE_INTEGER).prefault(DEFAULTS.limit),
});

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

const group = mapping({
  name,
  count: count(1),
  startNumber: count(0).prefault(DEFAULTS.startNumber),
  clientId: text.default(DEFAULTS.clientId),
  protocol: protocol.prefault(DEFAULTS.protocol),
  driver: z.literal(['lean', 'mqttjs'], { error: 'lean or mqttjs' }).default(DEFAULTS.driver),
  cleanStart: flag.default(DEFAULTS.cleanStart),
  sessionExpiry: seconds(MAX_UINT32).prefault(DEFAULTS.sessionExpiry),
  keepAlive: seconds(65_535).prefault(DEFAULTS.keepAlive),
  username: text.optional(),
  password: text.optional(),
  will: will.optional(),
  behaviour: behaviour.optional(),
  tls: tlsSchema.optional(),
  inflight: count(0, 65_535).prefault(DEFAULTS.inflight),
  subscribe: z.array(subscription, { error: 'a list of { filter, qos }' }).default([]),
  publish: z.array(stream, { error: 'a list of streams ({ topic, … })' }).default([]),
}).transform(({ keepAlive, sessionExpiry, ...rest }, context) => {
  const { behaviour, will, subscribe, publish } = rest;
  if (behaviour !== undefined && (will !== undefined || subscribe.length + publish.length > 0)) {
    const message = 'no will, subscribe or publish beside a behaviour, which they follow from';
    context.issues.push({ code: 'custom', message, input: rest });
    return z.NEVER;
  }
  return {
    ...rest,
    ...(behaviour === undefined ? {} : fieldStreams(behaviour)),
    sessionExpiryUs: sessionExpiry,
    keepAliveUs: keepAlive,
  };
});

const LOAD_EXPECTED = 'a load factor such as 1 or 0.5, or a straight line such as [0, 1]';
const factor = z.number({ error: LOAD_EXPECTED }).nonnegative(LOAD_EXPECTED);
const line = z
  .union([factor, z.tuple([factor, factor])], { error: LOAD_EXPECTED })
  .transform((raw) =>
    typeof raw === 'number' ? { from: raw, to: raw } : { from: raw[0], to: raw[1] },
  );
const load = z
  .union([line, z.record(z.string(), line)], {
    error: `${LOAD_EXPECTED}; or a mapping of group names to those`,
  })
  .transform((raw) =>
    isLine(raw) ? { kind: 'all' as const, line: raw } : { kind: 'byGroup' as const, lines: raw },
  );

function isLine(raw: LoadLine | Record<string, LoadLine>): raw is LoadLine {
  return typeof raw.from === 'number' && typeof raw.to === 'number';
}

const phase = z.discriminatedUnion(
  'kind',
  [
    mapping({ name, kind: z.literal('ramp'), timeout: duration.optional() }).transform(rampOf),
    mapping({
      name,
      kind: z.literal('steady'),
      duration,
      load: load.prefault(DEFAULTS.load),
      measure: flag.default(DEFAULTS.measure),
    }).transform(({ duration, ...rest }) => ({ ...rest, durationUs: duration })),
    mapping({
      name,
      kind: z.literal('drain'),
      duration: duration.prefault(DEFAULTS.drain),
    }).transform(({ duration, ...rest }) => ({ ...rest, durationUs: duration })),
  ],
  { error: 'a kind of phase: ramp, steady or drain' },
);

function rampOf({
  timeout,
  ...rest
}: {
  name: string;
  kind: 'ramp';
  timeout?: number | undefined;
}): { name: string; kind: 'ramp'; timeoutUs?: number } {
  return timeout === undefined ? rest : { ...rest, timeoutUs: timeout };
}

const connect = mapping({
  ratePerSec: rate.prefault(DEFAULTS.connectRatePerSec),
  timeout: duration.prefault(DEFAULTS.connectTimeout),
}).transform(({ ratePerSec, timeout }) => ({ ratePerSec, timeoutUs: timeout }));

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

const chosenProfile = mapping({ name, host: name.optional(), sas: sas.optional() });

const profile = z.union(
  [name.transform((named): z.output<typeof chosenProfile> => ({ name: named })), chosenProfile],
  { error: 'the name of a target profile, or a mapping of name, host and sas' },
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
  profile: profile.optional(),
  probes,
  sourceAddresses: z
    .array(text, { error: 'a list of addresses of this machine such as [127.0.0.2]' })
    .default([]),
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
export type Payload = Publish['payload'];
export type PublishArrivals = Publish['arrivals'];
export type ProfileChoice = NonNullable<Scenario['profile']>;
export type Phase = Scenario['phases'][number];
/** A load factor that goes in a straight line over its phase (`from` = `to`: constant). */
export interface LoadLine {
  readonly from: number;
  readonly to: number;
}

/** The load factor of a group in a phase: 0 where nothing is sent. */
export function loadOf(phase: Phase, groupName: string): LoadLine {
  if (phase.kind !== 'steady') return NO_LOAD;
  if (phase.load.kind === 'all') return phase.load.line;
  return phase.load.lines[groupName] ?? NO_LOAD;
}

const NO_LOAD: LoadLine = { from: 0, to: 0 };
