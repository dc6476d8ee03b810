import { broken } from './errors.js';
import type { ProtocolVersion } from './packet-type.js';
import { RULES, type Rule } from './rules.js';
import { utf8Bytes } from './utf8.js';

const SHARE = '$share/';

/** Why `topic` cannot be the name of a topic (MQTT 5 §4.7), in a line; undefined when it can. */
export function topicNameError(topic: string): string | undefined {
  const rule = topicNameFault(topic);
  return rule === undefined ? undefined : `${rule.what} ${rule.clause5}`;
}

/**
 * Why `filter` cannot be a topic filter (MQTT 5 §4.7), in a line; undefined when it can. `$share/…` has
 * rules of its own in MQTT 5 (§4.8.2); before, it is a name like any other.
 */
export function topicFilterError(filter: string, version: ProtocolVersion = 5): string | undefined {
  const rule = topicFilterFault(filter, version);
  if (rule === undefined) return undefined;
  return `${rule.what} ${version === 5 ? rule.clause5 : rule.clause4}`;
}

/** Throws MqttError unless the filter is good in that version. */
export function checkFilter(filter: string, version: ProtocolVersion): void {
  const rule = topicFilterFault(filter, version);
  if (rule !== undefined) throw broken(rule, version);
}

/** The rule that a topic name breaks, if any. */
export function topicNameFault(topic: string): Rule | undefined {
  if (topic === '') return RULES.TOPIC_EMPTY;
  if (topic.includes('#') || topic.includes('+')) return RULES.NAME_WILDCARD;
  const length = utf8Bytes(topic);
  if (length > 0xffff) return RULES.NAME_LENGTH;
  if (length >= 0) return undefined;
  return topic.includes('\0') ? RULES.NAME_NUL : RULES.NAME_CHARACTER;
}

/** The rule that a topic filter breaks, if any. */
function topicFilterFault(filter: string, version: ProtocolVersion): Rule | undefined {
  if (filter === '') return RULES.FILTER_EMPTY;
  const length = utf8Bytes(filter);
  if (length < 0) return filter.includes('\0') ? RULES.FILTER_NUL : RULES.FILTER_CHARACTER;
  if (length > 0xffff) return RULES.FILTER_LENGTH;
  if (version !== 5 || !isShared(filter)) return wildcardFault(filter, 0);
  const slash = filter.indexOf('/', SHARE.length);
  if (slash === SHARE.length || filter.length === SHARE.length) return RULES.SHARE_NAME;
  if (slash < 0 || slash + 1 === filter.length) return RULES.SHARE_FORM;
  const wildcard = filter.search(/[#+]/);
  if (wildcard >= 0 && wildcard < slash) return RULES.SHARE_FORM;
  return wildcardFault(filter, slash + 1);
}

/** Judges the wildcards from `start`, which begins a level. */
function wildcardFault(filter: string, start: number): Rule | undefined {
  for (let at = start; at < filter.length; at += 1) {
    const character = filter[at];
    if (character !== '#' && character !== '+') continue;
    const begins = at === start || filter[at - 1] === '/';
    const last = at + 1 === filter.length;
    if (character === '#' && !(begins && last)) return RULES.FILTER_HASH;
    if (character === '+' && !(begins && (last || filter[at + 1] === '/')))
      return RULES.FILTER_PLUS;
  }
  return undefined;
}

/** Does the filter ask for a shared subscription, well or badly formed? */
export function isShared(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/** The parts of `$share/group/filter` (MQTT 5 §4.8.2); undefined for a plain filter and for a bad one. */
export function parseSharedFilter(filter: string): { group: string; filter: string } | undefined {
  if (!isShared(filter) || topicFilterFault(filter, 5) !== undefined) return undefined;
  const slash = filter.indexOf('/', SHARE.length);
  return { group: filter.slice(SHARE.length, slash), filter: filter.slice(slash + 1) };
}
