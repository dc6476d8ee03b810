import { topicNameError } from '../../wire/mod.js';
import type { Findings } from './findings.js';
import type { Group } from './schema.js';
import { compileTemplate, type Placeholder, type TemplateValues } from './template.js';

type Path = readonly (string | number)[];

const OPTIONS = [
  'noLocal',
  'retainAsPublished',
  'retainHandling',
  'subscriptionIdentifier',
  'userProperties',
] as const;

/** MQTT 5, 1.5.4. */
const MAX_TEXT_BYTES = 65_535;

/** Every text with placeholders that the group's properties have, with its place. */
export function* propertyTexts(group: Group): Generator<[source: string, at: Path]> {
  yield* userTexts(group.properties?.userProperties, ['properties', 'userProperties']);
  if (group.will?.properties !== undefined) {
    yield* messageTexts(group.will.properties, ['will', 'properties']);
  }
  for (const [k, { userProperties }] of group.subscribe.entries()) {
    yield* userTexts(userProperties, ['subscribe', k, 'userProperties']);
  }
  for (const [k, { properties }] of group.publish.entries()) {
    if (properties !== undefined) yield* messageTexts(properties, ['publish', k, 'properties']);
  }
}

type MessageProperties = NonNullable<NonNullable<Group['will']>['properties']>;

function* messageTexts(properties: MessageProperties, at: Path): Generator<[string, Path]> {
  for (const name of ['contentType', 'responseTopic', 'correlationData'] as const) {
    const text = properties[name];
    if (text !== undefined) yield [text, [...at, name]];
  }
  yield* userTexts(properties.userProperties, [...at, 'userProperties']);
}

function* userTexts(pairs: [string, string][] = [], at: Path): Generator<[string, Path]> {
  for (const pair of pairs) for (const text of pair) yield [text, at];
}

/** Properties are part of MQTT 5; where the group speaks another version, none is sent in silence. */
export function checkProperties(group: Group, path: Path, findings: Findings): void {
  if (group.protocol !== 5) {
    for (const at of fiveOnly(group)) {
      findings.error(
        [...path, ...at],
        `protocol: 5 in this group: MQTT ${group.protocol === 3 ? '3.1' : '3.1.1'} does not have it`,
      );
    }
    return;
  }
  group.subscribe.forEach(({ filter, noLocal }, k) => {
    if (noLocal && filter.startsWith('$share/')) {
      const why = 'a shared subscription may not have it [MQTT-3.8.3-4]';
      findings.error([...path, 'subscribe', k, 'noLocal'], `no noLocal: ${why}`);
    }
  });
  group.subscribe.forEach(({ retainAsPublished, retainHandling }, k) => {
    if (!retainAsPublished || retainHandling === 2) return;
    findings.note(
      [...path, 'subscribe', k, 'retainAsPublished'],
      'a copy that the target kept looks like a message of now: what has no measurement header and the retain flag is counted as foreign (retainHandling: 2 asks for no such copies).',
    );
  });
  group.publish.forEach(({ topic, properties }, k) => {
    if (!properties?.topicAlias) return;
    const at = [...path, 'publish', k, 'properties', 'topicAlias'];
    const template = compileTemplate(topic);
    if (!template.isStatic) {
      findings.error(at, 'a topic that stays the same: an alias stands for one topic');
    } else if (group.devicesPerConnection > 1 && template.uses('i')) {
      const why = 'the devices of a connection have its aliases in common';
      findings.error(at, `a topic without %i beside devicesPerConnection: ${why}`);
    }
  });
}

/** Each text fits into a property, and response topics are topics. */
export function checkPropertyTexts(
  group: Group,
  devices: readonly TemplateValues[],
  path: Path,
  findings: Findings,
): void {
  for (const [source, at] of propertyTexts(group)) {
    for (const values of devices) {
      const text = compileTemplate(source).render(values);
      const why = at.at(-1) === 'responseTopic' ? topicNameError(text) : undefined;
      if (why !== undefined) findings.error([...path, ...at], `a valid topic (${why})`);
      else if (Buffer.byteLength(text) > MAX_TEXT_BYTES || text.includes('\0')) {
        findings.error(
          [...path, ...at],
          'at most 65,535 bytes of UTF-8, without the character U+0000',
        );
      } else continue;
      break;
    }
  }
}

function* fiveOnly(group: Group): Generator<Path> {
  if (group.properties !== undefined) yield ['properties'];
  if (group.will?.properties !== undefined) yield ['will', 'properties'];
  for (const [k, subscription] of group.subscribe.entries()) {
    for (const option of OPTIONS) {
      if (subscription[option] !== undefined) yield ['subscribe', k, option];
    }
  }
  for (const [k, { properties }] of group.publish.entries()) {
    if (properties !== undefined) yield ['publish', k, 'properties'];
  }
}

/** Placeholders that a property may have: it is the same for every message of a device. */
export const PROPERTY_PLACEHOLDERS: readonly Placeholder[] = ['i', 'c', 'u', 'g', 'run', 'gateway'];
