import { stringify } from 'yaml';
import { DEFAULTS } from './defaults.js';
import type { PayloadSize } from './payload-size-schema.js';
import type { LoadLine, Phase, RunningPhase } from './phase-schema.js';
import type {
  Group,
  Payload,
  ProfileChoice,
  Publish,
  PublishArrivals,
  Reconnect,
  Respond,
  Scenario,
  Will,
} from './schema.js';
import { writeDuration } from './units.js';

/**
 * A scenario as YAML that parses to the same scenario. Fields that say what is so anyway are left
 * out, except those that a reader looks for (count, protocol, QoS, payload, arrivals).
 */
export function scenarioToYaml(scenario: Scenario): string {
  return stringify(spellScenario(scenario), { lineWidth: 100 });
}

/** The scenario in the words of the file format. */
export function spellScenario(scenario: Scenario): object {
  const { name, seed, target, cluster, profile, probes, sourceAddresses, tls } = scenario;
  const { connect, groups, phases, objectives } = scenario;
  return {
    name,
    seed,
    ...(target.length > 0 && { target }),
    ...(cluster !== undefined && { cluster }),
    ...(profile !== undefined && { profile: spellProfile(profile) }),
    ...(Object.keys(probes).length > 0 && { probes }),
    ...(sourceAddresses.length > 0 && { sourceAddresses }),
    ...(scenario.foreignHeaders !== undefined && { foreignHeaders: scenario.foreignHeaders }),
    ...(tls !== undefined && { tls }),
    connect: spellConnect(connect),
    groups: groups.map(spellGroup),
    phases: phases.map(spellPhase),
    ...(objectives.length > 0 && { objectives }),
  };
}

function spellConnect({ timeoutUs, ...rest }: Scenario['connect']): object {
  return { ...rest, timeout: writeDuration(timeoutUs) };
}

function spellProfile(profile: ProfileChoice): string | object {
  const { sas, ...rest } = profile;
  if (sas === undefined) return Object.keys(rest).length === 1 ? rest.name : rest;
  const { lifetimeUs, ...key } = sas;
  return { ...rest, sas: { ...key, lifetime: writeDuration(lifetimeUs) } };
}

function spellGroup(group: Group): object {
  return {
    name: group.name,
    count: group.count,
    ...(group.devicesPerConnection !== DEFAULTS.devicesPerConnection && {
      devicesPerConnection: group.devicesPerConnection,
    }),
    ...(group.startNumber !== DEFAULTS.startNumber && { startNumber: group.startNumber }),
    ...(group.scaled !== undefined && { scaled: group.scaled }),
    clientId: group.clientId,
    protocol: group.protocol,
    ...(group.driver !== DEFAULTS.driver && { driver: group.driver }),
    cleanStart: group.cleanStart,
    ...(group.sessionExpiryUs !== 0 && { sessionExpiry: writeDuration(group.sessionExpiryUs) }),
    keepAlive: writeDuration(group.keepAliveUs),
    ...(group.properties !== undefined && { properties: group.properties }),
    ...(group.username !== undefined && { username: group.username }),
    ...(group.password !== undefined && { password: group.password }),
    ...(group.tls !== undefined && { tls: group.tls }),
    ...(group.credentials !== undefined && { credentials: group.credentials }),
    ...(group.reconnect !== undefined && { reconnect: spellReconnect(group.reconnect) }),
    inflight: group.inflight,
    ...(group.behaviour === undefined ? spellStreams(group) : spellBehaviour(group.behaviour)),
  };
}

function spellStreams({ will, subscribe, respond, publish }: Group): object {
  return {
    ...(will !== undefined && { will: spellWill(will) }),
    ...(subscribe.length > 0 && { subscribe }),
    ...(respond !== undefined && { respond: spellRespond(respond) }),
    ...(publish.length > 0 && { publish: publish.map(spellStream) }),
  };
}

/** The streams that follow from it are not written. */
function spellBehaviour({ intervalUs, ...rest }: NonNullable<Group['behaviour']>): object {
  return { behaviour: { ...rest, interval: writeDuration(intervalUs) } };
}

function spellWill({ delayUs, properties, ...will }: Will): object {
  return {
    ...will,
    ...(delayUs !== 0 && { delay: writeDuration(delayUs) }),
    ...spellProperties(properties),
  };
}

function spellProperties(properties: { messageExpiryUs?: number } | undefined): object {
  if (properties === undefined) return {};
  const { messageExpiryUs, ...rest } = properties;
  if (messageExpiryUs === undefined) return { properties: rest };
  return { properties: { messageExpiry: writeDuration(messageExpiryUs), ...rest } };
}

function spellReconnect({ initialUs, maxUs, ...rest }: Reconnect): object {
  return { initial: writeDuration(initialUs), max: writeDuration(maxUs), ...rest };
}

function spellStream(stream: Publish): object {
  return {
    topic: stream.topic,
    qos: stream.qos,
    ...(stream.retain !== DEFAULTS.retain && { retain: stream.retain }),
    payload: spellPayload(stream.payload),
    arrivals: spellArrivals(stream.arrivals),
    ...(stream.limit !== DEFAULTS.limit && { limit: stream.limit }),
    ...spellProperties(stream.properties),
    ...(stream.response !== undefined && { response: spellResponse(stream.response) }),
  };
}

function spellResponse({ timeoutUs, ...rest }: NonNullable<Publish['response']>): object {
  return { ...rest, timeout: writeDuration(timeoutUs) };
}

function spellRespond({ delayUs, ...rest }: Respond): object {
  return { ...rest, delay: writeDuration(delayUs) };
}

function spellArrivals(arrivals: PublishArrivals): object {
  if (arrivals.kind !== 'periodic') return arrivals;
  const { kind, intervalUs } = arrivals;
  const firstUs = 'firstUs' in arrivals ? arrivals.firstUs : undefined;
  const first = firstUs && { first: [writeDuration(firstUs.from), writeDuration(firstUs.to)] };
  return { kind, interval: writeDuration(intervalUs), ...first };
}

function spellPayload(payload: Payload): object {
  if (payload.kind === 'sparkplug' || payload.kind === 'kura') {
    throw new TypeError('the payload of a behaviour has no spelling');
  }
  const { benchHeaders } = payload;
  const front = benchHeaders === undefined ? {} : { benchHeaders };
  if (payload.kind === 'filler') return { bytes: payload.bytes, ...front };
  if (payload.kind === 'sized') return { bytes: spellSize(payload.size), ...front };
  const header = { ...(payload.header ? { header: true } : {}), ...front };
  if (payload.kind === 'file') return { file: payload.files, ...header };
  if (payload.kind === 'text') return { text: payload.text, ...header };
  const { template, randomBytes } = payload;
  return { template, ...header, ...(randomBytes !== DEFAULTS.randomBytes && { randomBytes }) };
}

function spellSize(size: PayloadSize): object {
  if (size.kind === 'uniform') return { min: size.min, max: size.max };
  if (size.kind === 'choice') return { choice: size.choices };
  const { kind: _kind, ...law } = size;
  return { lognormal: law };
}

function spellPhase(phase: Phase): object {
  const { name, kind } = phase;
  switch (phase.kind) {
    case 'ramp':
      if (phase.timeoutUs === undefined) return { name, kind };
      return { name, kind, timeout: writeDuration(phase.timeoutUs) };
    case 'drain':
      return { name, kind, duration: writeDuration(phase.durationUs) };
    default:
      return { name, kind, duration: writeDuration(phase.durationUs), ...spellRunning(phase) };
  }
}

function spellRunning(phase: RunningPhase): object {
  const load =
    phase.load.kind === 'all'
      ? spellLine(phase.load.line)
      : Object.fromEntries(
          Object.entries(phase.load.lines).map(([group, line]) => [group, spellLine(line)]),
        );
  const groups = 'groups' in phase && phase.groups !== undefined ? { groups: phase.groups } : {};
  const measure = phase.measure ? {} : { measure: false };
  const whole = phase.whole === undefined ? {} : { whole: phase.whole };
  return { ...spellShape(phase), ...groups, load, ...measure, ...whole };
}

function spellShape(phase: RunningPhase): object {
  switch (phase.kind) {
    case 'steady':
      return {};
    case 'step':
      return { from: phase.from, to: phase.to, steps: phase.steps };
    case 'spike':
      return {
        peak: phase.peak,
        at: writeDuration(phase.atUs),
        width: writeDuration(phase.widthUs),
      };
    case 'sine':
      return { low: phase.low, high: phase.high, period: writeDuration(phase.periodUs) };
    case 'churn':
      return {
        ratePerSec: phase.ratePerSec,
        share: phase.share,
        offline: writeDuration(phase.offlineUs),
        end: phase.end,
      };
    case 'storm':
      return { share: phase.share, within: writeDuration(phase.withinUs), end: phase.end };
  }
}

function spellLine({ from, to }: LoadLine): number | [number, number] {
  return from === to ? from : [from, to];
}
