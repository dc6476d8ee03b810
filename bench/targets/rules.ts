import { parseSharedFilter, topicMatches } from '../../wire/mod.js';
import type { Findings } from '../scenario/findings.js';
import { filtersOnConnection } from '../scenario/gateways.js';
import { GroupIdentity } from '../scenario/identity.js';
import { compilePayload } from '../scenario/payload.js';
import type { Group } from '../scenario/schema.js';
import { compileTemplate } from '../scenario/template.js';
import { filterWithin } from './filter-within.js';
import type { Feature, TargetProfile } from './profile.js';

type Path = readonly (string | number)[];

/** What a target is known to refuse, found before anything connects; what it only changes is noted. */
export function checkAgainstProfile(
  group: Group,
  path: Path,
  profile: TargetProfile,
  findings: Findings,
): void {
  const { title, protocols, keepAlive } = profile;
  if (!protocols.includes(group.protocol)) {
    const versions = protocols.toReversed().join(' or ');
    findings.error([...path, 'protocol'], `protocol ${versions}: ${title} speaks no other`);
  }
  const seconds = group.keepAliveUs / 1_000_000;
  if (keepAlive !== undefined && !(seconds === 0 && keepAlive.none)) {
    const { min, max } = keepAlive;
    if (seconds < min || seconds > max) {
      findings.error([...path, 'keepAlive'], `${min}s to ${max}s, as ${title} takes it`);
    }
  }
  checkQos(group, path, profile, findings);
  checkFeatures(group, path, profile, findings);
  checkNames(group, path, profile, findings);
  checkQuotas(group, path, profile, findings);
}

function checkQos(group: Group, path: Path, profile: TargetProfile, findings: Findings): void {
  const { maxQos, aboveMaxQos, title } = profile;
  const check = (qos: number, ...at: Path) => {
    if (qos <= maxQos || aboveMaxQos === undefined) return;
    const where = [...path, ...at, 'qos'];
    if (aboveMaxQos.outcome === 'lowered') {
      findings.note(where, `${title} does not have QoS ${qos}: it is ${aboveMaxQos.says}.`);
    } else {
      const allowed = maxQos === 1 ? 'QoS 0 or 1' : 'QoS 0';
      findings.error(
        where,
        `${allowed}: with ${title}, QoS ${qos} is refused (${aboveMaxQos.says})`,
      );
    }
  };
  if (group.will !== undefined) check(group.will.qos, 'will');
  group.subscribe.forEach(({ qos }, k) => {
    check(qos, 'subscribe', k);
  });
  group.publish.forEach(({ qos }, k) => {
    check(qos, 'publish', k);
  });
}

function checkFeatures(group: Group, path: Path, profile: TargetProfile, findings: Findings): void {
  const note = (feature: Feature, ...at: Path) => {
    const what = profile.lacks[feature];
    if (what !== undefined) findings.note([...path, ...at], `${profile.title}: ${what}.`);
  };
  if (group.will !== undefined) note('will', 'will');
  if (group.will?.retain) note('retain', 'will', 'retain');
  group.publish.forEach(({ retain }, k) => {
    if (retain) note('retain', 'publish', k, 'retain');
  });
  group.subscribe.forEach(({ filter }, k) => {
    if (filter.startsWith('$share/')) note('sharedSubscriptions', 'subscribe', k, 'filter');
  });
}

/** Client ids, topics and filters as the first device and the last have them. */
function checkNames(group: Group, path: Path, profile: TargetProfile, findings: Findings): void {
  const { clientId, topics, title } = profile;
  const identity = new GroupIdentity(group, '0000', 1);
  const last = identity.valuesOf(group.count - 1, 0);
  if (clientId !== undefined) {
    const { maxBytes, form, says } = clientId;
    const at = [...path, 'clientId'];
    const bytes = Buffer.byteLength(last.clientId);
    if (bytes > maxBytes) {
      findings.error(at, `at most ${maxBytes} bytes for ${title}, not ${bytes}`);
    } else if (form !== undefined && !form.test(last.clientId)) {
      findings.error(at, `${says} for ${title}, not '${last.clientId}'`);
    }
  }
  for (const values of [identity.valuesOf(0, 0), last]) {
    const before = findings.errors.length;
    const rulesOf = (list: readonly string[] | undefined) =>
      list?.map((rule) => rule.replaceAll('%c', values.clientId));
    const publish = rulesOf(topics.publish);
    const subscribe = rulesOf(topics.subscribe);
    const check = (source: string, rules: string[] | undefined, isFilter: boolean, at: Path) => {
      const rendered = compileTemplate(source).render(values);
      const shared = isFilter ? parseSharedFilter(rendered) : undefined;
      const text = shared?.filter ?? rendered;
      const bytes = Buffer.byteLength(text);
      const levels = text.split('/').length;
      const where = [...path, ...at];
      const fits = (rule: string) =>
        isFilter ? filterWithin(text, rule) : topicMatches(rule, text);
      if (topics.maxBytes !== undefined && bytes > topics.maxBytes) {
        findings.error(where, `at most ${topics.maxBytes} bytes for ${title}, not ${bytes}`);
      } else if (topics.maxLevels !== undefined && levels > topics.maxLevels) {
        findings.error(where, `at most ${topics.maxLevels} levels for ${title}, not ${levels}`);
      } else if (rules !== undefined && !rules.some(fits)) {
        findings.error(where, `one of ${rules.join(', ')} for ${title}, not '${text}'`);
      }
    };
    if (group.will !== undefined) check(group.will.topic, publish, false, ['will', 'topic']);
    group.publish.forEach(({ topic }, k) => {
      check(topic, publish, false, ['publish', k, 'topic']);
    });
    group.subscribe.forEach(({ filter }, k) => {
      check(filter, subscribe, true, ['subscribe', k, 'filter']);
    });
    if (findings.errors.length > before) return;
  }
}

/** The quotas that one device's part of the scenario decides; rates and totals are the doctor's. */
function checkQuotas(group: Group, path: Path, profile: TargetProfile, findings: Findings): void {
  const { title, quotas } = profile;
  const { filtersPerSubscribe, subscriptionsPerConnection, maxPacketBytes, inflight } = quotas;
  const filters = filtersOnConnection(group);
  const most = Math.min(
    filtersPerSubscribe ?? Number.POSITIVE_INFINITY,
    subscriptionsPerConnection ?? Number.POSITIVE_INFINITY,
  );
  if (filters > most) {
    const why = `a connection sends all its filters in one SUBSCRIBE`;
    findings.error([...path, 'subscribe'], `at most ${most} filters for ${title} (${why})`);
  }
  group.publish.forEach(({ payload }, k) => {
    const bytes = compilePayload(payload).fixedBytes;
    if (maxPacketBytes !== undefined && bytes !== undefined && bytes > maxPacketBytes) {
      const at = [...path, 'publish', k, 'payload'];
      findings.error(at, `at most ${maxPacketBytes} bytes for ${title}, not ${bytes}`);
    }
  });
  const window = group.inflight === 0 ? 65_535 : group.inflight;
  const acknowledged = group.publish.some(({ qos }) => qos > 0);
  if (acknowledged && group.protocol < 5 && inflight !== undefined && window > inflight) {
    findings.note(
      [...path, 'inflight'],
      `${title} lets a client have ${inflight} messages unacknowledged; before MQTT 5 it cannot say so.`,
    );
  }
}
