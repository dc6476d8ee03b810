import { formatCount, formatRate } from '../../results/mod.js';
import {
  compilePayload,
  filtersOnConnection,
  loadSegments,
  type Payload,
  type Publish,
  plan,
  type Scenario,
} from '../scenario/mod.js';
import { type Check, check } from './check.js';

/** What a target takes at most, by its vendor's word; what is left out is not limited. Data, no code. */
export interface Quotas {
  readonly maxConnections?: number;
  readonly connectsPerSec?: number;
  /** Into the target, of all connections together. */
  readonly publishesPerSec?: number;
  /** Out of it. */
  readonly deliveriesPerSec?: number;
  /** A single connection's own. */
  readonly publishesPerSecPerConnection?: number;
  /** Of the whole PUBLISH, fixed header included. */
  readonly maxPacketBytes?: number;
  readonly maxTopicBytes?: number;
  /** `a/b/c` has three. */
  readonly maxTopicLevels?: number;
  readonly maxQos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly sharedSubscriptions?: boolean;
  readonly subscriptionsPerConnection?: number;
  readonly keepAliveSec?: { readonly least: number; readonly most: number };
}

/** Room in a PUBLISH for its header, the packet identifier and MQTT 5's empty properties (MQTT 5, 3.3). */
const PUBLISH_OVERHEAD_BYTES = 10;

/** One check for each quota there is: what the scenario does at its highest load against what is allowed. */
export function quotaChecks(scenario: Scenario, quotas: Quotas): Check[] {
  const peak = peakOf(scenario);
  const streams = scenario.groups.flatMap(({ publish }) => publish);
  const filters = scenario.groups.flatMap(({ subscribe }) => subscribe.map(({ filter }) => filter));
  const topics = [...streams.map(({ topic }) => topic), ...filters];
  const largest = (values: readonly number[]): number => Math.max(0, ...values);
  const checks: Check[] = [];
  const bound = (
    what: string,
    most: number | undefined,
    does: number,
    text: (value: number) => string,
    fix: string,
  ): void => {
    if (most === undefined) return;
    const state = does > most ? 'fail' : 'ok';
    checks.push(check(what, text(does), `quota ${text(most)}`, state, fix));
  };
  const { connect } = scenario;
  bound(
    'target: connections',
    quotas.maxConnections,
    plan(scenario).connectionCount,
    formatCount,
    `fewer devices (--scale), or have the quota raised`,
  );
  bound(
    'target: connects',
    quotas.connectsPerSec,
    connect.ratePerSec,
    formatRate,
    `--set connect.ratePerSec=${quotas.connectsPerSec}/s, or have the quota raised`,
  );
  bound(
    'target: publishes',
    quotas.publishesPerSec,
    peak.publishesPerSec,
    rateText,
    'a lower load in the phases, or have the quota raised',
  );
  bound(
    'target: deliveries',
    quotas.deliveriesPerSec,
    peak.deliveriesPerSec,
    rateText,
    'fewer subscribers a topic, or have the quota raised',
  );
  bound(
    'target: publishes each',
    quotas.publishesPerSecPerConnection,
    peak.perConnection,
    rateText,
    'the same load from more devices',
  );
  bound(
    'target: packet',
    quotas.maxPacketBytes,
    largest(streams.map(packetBytes)),
    bytesText,
    'a smaller payload',
  );
  bound(
    'target: topic bytes',
    quotas.maxTopicBytes,
    largest(topics.map(textBytes)),
    bytesText,
    'shorter topics',
  );
  bound(
    'target: topic levels',
    quotas.maxTopicLevels,
    largest(topics.map(levels)),
    formatCount,
    'topics with fewer levels',
  );
  bound(
    'target: subscriptions',
    quotas.subscriptionsPerConnection,
    largest(scenario.groups.map(filtersOnConnection)),
    formatCount,
    'the filters over more devices',
  );
  bound(
    'target: QoS',
    quotas.maxQos,
    largest([
      ...streams.map(({ qos }) => qos),
      ...scenario.groups.flatMap(({ subscribe }) => subscribe.map(({ qos }) => qos)),
    ]),
    String,
    `QoS ${quotas.maxQos} at most: higher ones may never be answered`,
  );
  if (quotas.retain === false) {
    const retains = streams.some(({ retain }) => retain);
    checks.push(
      check(
        'target: retain',
        retains ? 'yes' : 'no',
        'not kept',
        retains ? 'fail' : 'ok',
        'retain: false',
      ),
    );
  }
  if (quotas.sharedSubscriptions === false) {
    const shares = filters.some((filter) => filter.startsWith('$share/'));
    checks.push(
      check(
        'target: shared',
        shares ? 'yes' : 'no',
        'not there',
        shares ? 'fail' : 'ok',
        'filters without $share/',
      ),
    );
  }
  checks.push(...keepAliveCheck(scenario, quotas));
  return checks;
}

function keepAliveCheck({ groups }: Scenario, { keepAliveSec }: Quotas): Check[] {
  if (keepAliveSec === undefined) return [];
  const { least, most } = keepAliveSec;
  const seconds = groups.map(({ keepAliveUs }) => keepAliveUs / 1e6);
  const outside = seconds.find((value) => value < least || value > most);
  return [
    check(
      'target: keep-alive',
      `${outside ?? seconds[0]} s`,
      `from ${least} to ${most} s`,
      outside === undefined ? 'ok' : 'fail',
      `keepAlive: ${Math.min(most, Math.max(least, 60))}s`,
    ),
  ];
}

interface Peak {
  publishesPerSec: number;
  deliveriesPerSec: number;
  perConnection: number;
}

/** At the highest load that a phase has; a stream that sends as fast as it can has an infinite rate. */
function peakOf(scenario: Scenario): Peak {
  const { groups } = plan(scenario);
  const peak: Peak = { publishesPerSec: 0, deliveriesPerSec: 0, perConnection: 0 };
  for (const phase of scenario.phases) {
    let publishes = 0;
    let deliveries = 0;
    for (const { name, count, devicesPerConnection, streams } of groups) {
      const loads = loadSegments(phase, name).flatMap(({ from, to }) => [from, to]);
      const factor = Math.max(0, ...loads);
      if (factor === 0) continue;
      let own = 0;
      for (const { publishesPerSec = Number.POSITIVE_INFINITY, deliveriesPerPublish } of streams) {
        own += publishesPerSec * factor;
        if (deliveriesPerPublish > 0) deliveries += publishesPerSec * factor * deliveriesPerPublish;
      }
      publishes += own;
      peak.perConnection = Math.max(
        peak.perConnection,
        (own / count) * Math.min(devicesPerConnection, count),
      );
    }
    peak.publishesPerSec = Math.max(peak.publishesPerSec, publishes);
    peak.deliveriesPerSec = Math.max(peak.deliveriesPerSec, deliveries);
  }
  return peak;
}

function packetBytes({ topic, payload }: Publish): number {
  return PUBLISH_OVERHEAD_BYTES + textBytes(topic) + payloadBytes(payload);
}

/** Templates by their own length: placeholders are about as long as what comes in their place. */
function payloadBytes(payload: Payload): number {
  const known = compilePayload(payload).fixedBytes;
  if (known !== undefined) return known;
  // What field clients send differs from message to message; rules for it are the profile's.
  if (payload.kind !== 'template') return 0;
  const random = payload.template.includes('%RANDOM%') ? payload.randomBytes : 0;
  return (payload.header ? 16 : 0) + textBytes(payload.template) + random;
}

function textBytes(text: string): number {
  return Buffer.byteLength(text);
}

function levels(topic: string): number {
  return topic.replace(/^\$share\/[^/]*\//, '').split('/').length;
}

function bytesText(bytes: number): string {
  return `${formatCount(bytes)} B`;
}

function rateText(perSec: number): string {
  return Number.isFinite(perSec) ? formatRate(perSec) : 'as fast as it can';
}
