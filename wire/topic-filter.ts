import { broken } from './errors.js';
import { RULES } from './rules.js';
import { utf8Bytes } from './utf8.js';

const SHARE = '$share/';

/** Why `topic` cannot be the name of a topic (MQTT 5 §4.7), in a line; undefined when it can. */
export function topicNameError(topic: string): string | undefined {
  if (topic === '') return 'a topic name has at least one character [MQTT-4.7.3-1]';
  if (topic.includes('#') || topic.includes('+')) {
    return 'a topic name has no wildcard (# or +) [MQTT-3.3.2-2]';
  }
  return characterError(topic);
}

/**
 * Why `filter` cannot be a topic filter (MQTT 5 §4.7), in a line; undefined when it can. `$share/…` has
 * rules of its own in MQTT 5 (§4.8.2); before, it is a name like any other.
 */
export function topicFilterError(filter: string, version = 5): string | undefined {
  if (filter === '') return 'a topic filter has at least one character [MQTT-4.7.3-1]';
  if (version === 5 && isShared(filter)) {
    const shared = splitShared(filter);
    if (shared === undefined) {
      return 'a shared subscription is $share/group/filter [MQTT-4.8.2-1]';
    }
    if (/[#+]/.test(shared.group)) return 'a share group has no wildcard [MQTT-4.8.2-2]';
    return wildcardError(shared.filter) ?? characterError(filter);
  }
  return wildcardError(filter) ?? characterError(filter);
}

function wildcardError(filter: string): string | undefined {
  for (let at = 0; at < filter.length; at += 1) {
    const character = filter[at];
    if (character !== '#' && character !== '+') continue;
    const aloneBefore = at === 0 || filter[at - 1] === '/';
    const aloneAfter = at + 1 === filter.length || filter[at + 1] === '/';
    if (character === '+' && !(aloneBefore && aloneAfter)) {
      return '+ fills a whole level [MQTT-4.7.1-2]';
    }
    if (character === '#' && !(aloneBefore && at + 1 === filter.length)) {
      return '# fills the whole last level [MQTT-4.7.1-1]';
    }
  }
  return undefined;
}

function characterError(text: string): string | undefined {
  const length = utf8Bytes(text);
  if (length < 0) return 'U+0000 and lone surrogates cannot be sent [MQTT-4.7.3-2]';
  return length > 0xffff ? 'longer than 65,535 bytes [MQTT-4.7.3-3]' : undefined;
}

/** Throws MqttError unless the filter is good in that version. */
export function checkFilter(filter: string, version: number): void {
  const why = topicFilterError(filter, version);
  if (why !== undefined) throw broken(RULES.FILTER, version, why);
}

/** Does the filter ask for a shared subscription, well or badly formed? */
export function isShared(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/** The parts of `$share/group/filter` (MQTT 5 §4.8.2); undefined for a plain filter and for a bad one. */
export function parseSharedFilter(filter: string): { group: string; filter: string } | undefined {
  if (!isShared(filter) || topicFilterError(filter) !== undefined) return undefined;
  return splitShared(filter);
}

function splitShared(filter: string): { group: string; filter: string } | undefined {
  const slash = filter.indexOf('/', SHARE.length);
  if (slash <= SHARE.length || slash + 1 === filter.length) return undefined;
  return { group: filter.slice(SHARE.length, slash), filter: filter.slice(slash + 1) };
}
