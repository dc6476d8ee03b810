import {
  arrivalsOf,
  latestFirstMs,
  MAX_INTERVAL_MS,
  type StreamSpelling,
} from './bench-arrivals.js';
import { spellMessageTemplate, spellTopic } from './bench-topic.js';
import { topicsPayloadStreams } from './bench-topics-payload.js';
import type { BenchValues } from './bench-values.js';

export type ReadText = (path: string) => string;

/** The publish streams that pub's flags describe: one, or those of `--topics-payload`. */
export function benchStreams(values: BenchValues, readText: ReadText): StreamSpelling[] {
  if (!values.boolean('wait-before-publishing', false)) {
    values.note('Publishing begins when every device is connected, as with -w.');
  }
  values.note(NO_SUBSCRIBERS);
  return topicsPayloadStreams(values, readText) ?? [benchStream(values, readText)];
}

function benchStream(values: BenchValues, readText: ReadText): StreamSpelling {
  const topic = values.optional('topic');
  if (topic === undefined) {
    values.problem('topic', "pub needs a topic (emqtt-bench would publish to 'undefined')");
  }
  const qos = values.qos();
  values.note(qos === 0 ? QOS_0 : INFLIGHT);
  return {
    topic: topic === undefined ? 'none' : spellTopic('pub', topic, values),
    qos,
    retain: values.boolean('retain', false),
    payload: payload(values, readText),
    arrivals: arrivalsOf(values, messageIntervalMs(values)),
    limit: messageLimit(values),
  };
}

const QOS_0 = 'QoS 0 messages are counted once; emqtt-bench 0.6.1 and 0.6.2 count them twice.';
const INFLIGHT =
  '-F is really in flight: up to that many messages of a device wait for their acknowledgement. emqtt-bench never has more than one.';
const NO_SUBSCRIBERS =
  'There are no subscribers in this run, so deliveries are not measured; one scenario with both measures them.';

/** A run whose messages are limited but not scheduled ends with them, or after this. */
const LONGEST_SATURATION_US = 600_000_000;

/** How long the messages of `-L` take, in µs; undefined without a limit. */
export function messagesTakeUs(values: BenchValues, devices: number): number | undefined {
  const limit = messageLimit(values);
  if (limit === 0 || values.optional('topics-payload') !== undefined) return undefined;
  const intervalMs = messageIntervalMs(values);
  if (intervalMs > 0) {
    return (Math.ceil(limit / devices) * intervalMs + latestFirstMs(values)) * 1000;
  }
  values.note('It ends when the messages of -L are sent, or after 10 minutes; see --duration.');
  return LONGEST_SATURATION_US;
}

export type BenchHeader = 'cnt64' | 'ts';

/** What `--payload-hdrs` puts in front of a payload, 8 bytes each. */
export function payloadHeaders(values: BenchValues): BenchHeader[] {
  const names = values.text('payload-hdrs', '').split(',').filter(Boolean);
  const known = names.filter((name) => name === 'cnt64' || name === 'ts');
  if (known.length < names.length || new Set(known).size < known.length) {
    const given = values.text('payload-hdrs', '');
    values.problem('payload-hdrs', `expected cnt64, ts or both, not '${given}'`);
  }
  return known;
}

function messageIntervalMs(values: BenchValues): number {
  return values.count('interval_of_msg', 1000, 0, MAX_INTERVAL_MS);
}

function messageLimit(values: BenchValues): number {
  return values.count('limit', 0, 0, Number.MAX_SAFE_INTEGER);
}

function payload(values: BenchValues, readText: ReadText): NonNullable<StreamSpelling['payload']> {
  const headers = payloadHeaders(values);
  const size = values.count('size', 256, 0, 200_000_000);
  const message = values.optional('message');
  const front = headers.length === 0 ? {} : { benchHeaders: headers };
  if (message === undefined) return { bytes: size + 8 * headers.length, ...front };
  values.note(
    '-m has no measurement header: the message is sent as it is. A scenario may put one in front (header: true), so that deliveries can be timed.',
  );
  if (!message.startsWith('template://')) return { text: message, ...front };
  const path = message.slice('template://'.length);
  try {
    const template = spellMessageTemplate(readText(path), values);
    return { template, randomBytes: size, ...front };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    values.problem('message', `the template ${path} cannot be read (${why})`);
    return { text: '' };
  }
}
