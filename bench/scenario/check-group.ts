import { parseSharedFilter, topicFilterError, topicNameError } from '../../wire/mod.js';
import { BENCH_HEADER_BYTES } from './bench-headers.js';
import { checkExchange } from './check-exchange.js';
import {
  checkProperties,
  checkPropertyTexts,
  PROPERTY_PLACEHOLDERS,
  propertyTexts,
} from './check-properties.js';
import type { Findings } from './findings.js';
import { GroupIdentity } from './identity.js';
import { compilePayload, MEASUREMENT_HEADER_BYTES, payloadPlaceholders } from './payload.js';
import { PayloadFieldError } from './payload-field.js';
import { smallestSize } from './payload-size.js';
import type { Group, Publish } from './schema.js';
import { compileTemplate, type Placeholder, type TemplateValues } from './template.js';

type Path = readonly (string | number)[];

/** The longest client id that an MQTT 3.1 server must take (MQTT 3.1, §3.1). */
const MAX_CLIENT_ID_3_1 = 23;

/** One group by itself: placeholders in their place, topics and filters that MQTT allows. */
export function checkGroup(group: Group, path: Path, findings: Findings): void {
  const before = findings.errors.length;
  checkFields(group, path, findings);
  if (findings.errors.length > before) return;
  checkPlaceholders(group, path, findings);
  checkRandomName(group, path, findings);
  // What follows renders the templates, for the first device and for the last.
  if (findings.errors.length === before) {
    const identity = new GroupIdentity(group, '0000', 1);
    const devices = [identity.valuesOf(0, 0), identity.valuesOf(group.count - 1, 0)];
    checkClientId(group, devices, path, findings);
    checkTopics(group, devices, path, findings);
    checkPropertyTexts(group, devices, path, findings);
    checkExchange(group, devices, path, findings);
    noteOverlaps(group, devices[0]!, path, findings);
  }
  checkGateway(group, path, findings);
  checkProtocol(group, path, findings);
  checkProperties(group, path, findings);
  group.publish.forEach((stream, s) => {
    checkStream(stream, [...path, 'publish', s], findings);
  });
}

/** Typed fields of payload templates that say what they should. */
function checkFields(group: Group, path: Path, findings: Findings): void {
  group.publish.forEach(({ payload }, k) => {
    try {
      compilePayload(payload);
    } catch (error) {
      if (!(error instanceof PayloadFieldError)) throw error;
      findings.error([...path, 'publish', k, 'payload', 'template'], error.message);
    }
  });
}

function checkGateway(group: Group, path: Path, findings: Findings): void {
  if (group.behaviour === undefined || group.devicesPerConnection === 1) return;
  const { kind } = group.behaviour;
  findings.error(
    [...path, 'devicesPerConnection'],
    `1 beside behaviour: ${kind}, whose clients are gateways themselves`,
  );
}

/** A random user name is no function of the device's number, from which filters and ids are turned round. */
function checkRandomName(group: Group, path: Path, findings: Findings): void {
  if (!compileTemplate(group.username ?? '').uses('rand')) return;
  const why = 'no %u beside a random user name: nobody could tell whose it is';
  if (compileTemplate(group.clientId).uses('u')) findings.error([...path, 'clientId'], why);
  group.subscribe.forEach(({ filter }, k) => {
    if (compileTemplate(filter).uses('u')) findings.error([...path, 'subscribe', k, 'filter'], why);
  });
}

const PER_DEVICE: readonly Placeholder[] = ['i', 'c', 'u', 'g', 'run', 'gateway'];
const PER_MESSAGE: readonly Placeholder[] = [...PER_DEVICE, 's'];

const WHY_NOT: Record<Placeholder, string> = {
  i: 'no %i here',
  g: 'no %g here',
  gateway: 'no {gateway} here',
  run: 'no {run} here',
  c: 'no %c (client id) here: it would refer to itself',
  u: 'no %u (user name) here: it would refer to itself',
  s: 'no %s (message number) here: it has a meaning in publish topics and payload templates only',
  rand: 'no %rand_N here: it has a meaning in publish topics and user names only (write %%rand for the text)',
};

function checkPlaceholders(group: Group, path: Path, findings: Findings): void {
  const check = (used: readonly Placeholder[], allowed: readonly Placeholder[], at: Path) => {
    for (const placeholder of new Set(used)) {
      if (!allowed.includes(placeholder)) findings.error(at, WHY_NOT[placeholder]);
      else if (placeholder === 'u' && group.username === undefined) {
        findings.error(at, 'the group to have a username, since %u stands for it');
      }
    }
  };
  const text = (source: string | undefined, allowed: readonly Placeholder[], ...at: Path) => {
    if (source !== undefined) check(placeholdersOf(source), allowed, [...path, ...at]);
  };
  const without = (placeholder: Placeholder) => PER_DEVICE.filter((p) => p !== placeholder);
  text(group.clientId, without('c'), 'clientId');
  const usernameMayNot = compileTemplate(group.clientId).uses('u') ? ['u', 'c'] : ['u'];
  text(
    group.username,
    [...PER_DEVICE.filter((p) => !usernameMayNot.includes(p)), 'rand'],
    'username',
  );
  text(group.password, PER_DEVICE, 'password');
  text(group.will?.topic, PER_DEVICE, 'will', 'topic');
  text(group.will?.payload, PER_DEVICE, 'will', 'payload');
  for (const [source, at] of propertyTexts(group)) text(source, PROPERTY_PLACEHOLDERS, ...at);
  group.subscribe.forEach(({ filter }, k) => {
    text(filter, PER_DEVICE, 'subscribe', k, 'filter');
  });
  group.publish.forEach(({ topic, payload, response }, k) => {
    text(topic, [...PER_MESSAGE, 'rand'], 'publish', k, 'topic');
    text(response?.topic, PER_DEVICE, 'publish', k, 'response', 'topic');
    if (payload.kind !== 'template') return;
    const used = payloadPlaceholders(payload.template).map((part) => part.kind);
    check(used as Placeholder[], PER_MESSAGE, [...path, 'publish', k, 'payload', 'template']);
  });
}

function placeholdersOf(source: string): Placeholder[] {
  return compileTemplate(source).parts.flatMap((part) => (part.kind === 'text' ? [] : [part.kind]));
}

function checkClientId(
  group: Group,
  devices: readonly TemplateValues[],
  path: Path,
  findings: Findings,
): void {
  const { clientId } = devices.at(-1)!;
  const bytes = Buffer.byteLength(clientId);
  const at = [...path, 'clientId'];
  if (bytes === 0) findings.error(at, 'a client id that is not empty');
  else if (bytes > 65_535) findings.error(at, 'a client id of at most 65,535 bytes');
  else if (group.protocol === 3 && bytes > MAX_CLIENT_ID_3_1) {
    findings.error(at, `at most 23 bytes for MQTT 3.1, not ${bytes} as in '${clientId}'`);
  }
}

function checkTopics(
  group: Group,
  devices: readonly TemplateValues[],
  path: Path,
  findings: Findings,
): void {
  const check = (source: string, error: (text: string) => string | undefined, ...at: Path) => {
    const template = compileTemplate(source);
    for (const values of devices) {
      const why = error(template.render(values));
      if (why === undefined) continue;
      findings.error(
        [...path, ...at],
        `${error === topicNameError ? 'a valid topic' : 'a valid filter'} (${why})`,
      );
      return;
    }
  };
  if (group.will !== undefined) check(group.will.topic, topicNameError, 'will', 'topic');
  group.subscribe.forEach(({ filter }, k) => {
    check(filter, (text) => topicFilterError(text), 'subscribe', k, 'filter');
  });
  group.publish.forEach(({ topic }, k) => {
    check(topic, topicNameError, 'publish', k, 'topic');
  });
}

function noteOverlaps(group: Group, values: TemplateValues, path: Path, findings: Findings): void {
  const filters = group.subscribe.map(({ filter }) => compileTemplate(filter).render(values));
  filters.forEach((filter, k) => {
    if (parseSharedFilter(filter) !== undefined) {
      if (group.protocol === 5) return;
      findings.note(
        [...path, 'subscribe', k, 'filter'],
        'shared subscriptions are part of MQTT 5 only; expected deliveries suppose that the target knows them.',
      );
      return;
    }
    const other = filters.findIndex((f, j) => j < k && overlap(f.split('/'), filter.split('/')));
    if (other < 0) return;
    findings.note(
      [...path, 'subscribe', k, 'filter'],
      `it overlaps with subscribe.${other}: one copy of a message is expected, a second one is counted as a duplicate.`,
    );
  });
}

/** Is there a topic that both filters match? Shared ones begin with $share and so match none. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  for (let k = 0; ; k++) {
    if (a[k] === '#' || b[k] === '#') return true;
    if (a[k] === undefined || b[k] === undefined) {
      // `x/#` matches `x` as well.
      return a[k] === b[k];
    }
    if (a[k] !== '+' && b[k] !== '+' && a[k] !== b[k]) return false;
  }
}

function checkProtocol(group: Group, path: Path, findings: Findings): void {
  if (group.protocol === 5) return;
  if (group.password !== undefined && group.username === undefined) {
    findings.error([...path, 'password'], 'a username beside it before MQTT 5 [MQTT-3.1.2-22]');
  }
  if (group.sessionExpiryUs > 0) {
    findings.note([...path, 'sessionExpiry'], 'MQTT 5 only; not sent at this protocol.');
  }
  if ((group.will?.delayUs ?? 0) > 0) {
    findings.note([...path, 'will', 'delay'], 'MQTT 5 only; not sent at this protocol.');
  }
}

function checkStream(stream: Publish, path: Path, findings: Findings): void {
  const { arrivals, payload } = stream;
  if (arrivals.kind === 'periodic' && arrivals.intervalUs === 0) {
    const instead = '{ kind: saturate } sends as fast as the target takes it';
    findings.error([...path, 'arrivals', 'interval'], `an interval above 0 (${instead})`);
  }
  if ('firstUs' in arrivals && arrivals.firstUs !== undefined) {
    const { from, to } = arrivals.firstUs;
    if (to < from) findings.error([...path, 'arrivals', 'first'], 'the earlier time first');
  }
  if (arrivals.kind === 'saturate') {
    findings.note(
      [...path, 'arrivals'],
      'closed loop: it waits for the target, so its latency is not that of a load that does not wait.',
    );
  }
  const { benchHeaders } = 'benchHeaders' in payload ? payload : {};
  const leastBytes = BENCH_HEADER_BYTES * (benchHeaders?.length ?? 0);
  const isTooSmall =
    (payload.kind === 'filler' && payload.bytes < leastBytes) ||
    (payload.kind === 'sized' && smallestSize(payload.size, leastBytes) < leastBytes);
  if (isTooSmall) {
    findings.error([...path, 'payload', 'bytes'], `at least the ${leastBytes} of benchHeaders`);
  }
  if (compilePayload(payload).headerBytes > 0) return;
  const why =
    payload.kind === 'filler'
      ? `${payload.bytes} bytes have no room for the ${MEASUREMENT_HEADER_BYTES}-byte measurement header`
      : payload.kind === 'sized'
        ? `not every size has room for the ${MEASUREMENT_HEADER_BYTES}-byte measurement header`
        : 'there is no measurement header in it (header: true puts one in front)';
  findings.note([...path, 'payload'], `deliveries are counted, not timed: ${why}.`);
}
