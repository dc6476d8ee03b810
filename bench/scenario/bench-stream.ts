import { spellMessageTemplate, spellTopic } from './bench-topic.js';
import type { BenchValues } from './bench-values.js';
import type { ScenarioSpelling } from './schema.js';

type StreamSpelling = NonNullable<ScenarioSpelling['groups'][number]['publish']>[number];

const MAX_INTERVAL_MS = 86_400_000;

export type ReadText = (path: string) => string;

/** The publish stream that pub's flags describe. */
export function benchStream(values: BenchValues, readText: ReadText): StreamSpelling {
  const topic = values.optional('topic');
  if (topic === undefined) {
    values.problem('topic', "pub needs a topic (emqtt-bench would publish to 'undefined')");
  }
  const intervalMs = messageIntervalMs(values);
  checkWaits(values, intervalMs);
  const qos = values.qos();
  values.note(qos === 0 ? QOS_0 : INFLIGHT);
  if (!values.boolean('wait-before-publishing', false)) {
    values.note('Publishing begins when every device is connected, as with -w.');
  }
  values.note(NO_SUBSCRIBERS);
  return {
    topic: topic === undefined ? 'none' : spellTopic('pub', topic, values),
    qos,
    retain: values.boolean('retain', false),
    payload: payload(values, readText),
    arrivals:
      intervalMs === 0 ? { kind: 'saturate' } : { kind: 'periodic', interval: `${intervalMs}ms` },
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
  const intervalMs = messageIntervalMs(values);
  const limit = messageLimit(values);
  if (limit === 0) return undefined;
  if (intervalMs > 0) return Math.ceil(limit / devices) * intervalMs * 1000;
  values.note('It ends when the messages of -L are sent, or after 10 minutes; see --duration.');
  return LONGEST_SATURATION_US;
}

/** Bytes that emqtt-bench puts in front of the payload for `--payload-hdrs`. */
export function payloadHeaderBytes(values: BenchValues): number {
  const names = values.text('payload-hdrs', '').split(',').filter(Boolean);
  const unknown = names.find((name) => name !== 'cnt64' && name !== 'ts');
  if (unknown !== undefined) {
    values.problem('payload-hdrs', `expected cnt64 and ts, not '${unknown}'`);
  }
  if (names.length > 0) {
    values.note(
      '--payload-hdrs: the measurement header (16 bytes) takes their place and gives loss, duplicates, order and latency.',
    );
  }
  return 8 * names.length;
}

function messageIntervalMs(values: BenchValues): number {
  return values.count('interval_of_msg', 1000, 0, MAX_INTERVAL_MS);
}

function messageLimit(values: BenchValues): number {
  return values.count('limit', 0, 0, Number.MAX_SAFE_INTEGER);
}

/** A uniform wait over one whole interval is what every device has here anyway. */
function checkWaits(values: BenchValues, intervalMs: number): void {
  const low = values.count('min-random-wait', 0, 0, MAX_INTERVAL_MS);
  const high = values.count('max-random-wait', 0, 0, MAX_INTERVAL_MS);
  if (low === 0 && (high === 0 || high === intervalMs)) return;
  const flag = low === 0 ? 'max-random-wait' : 'min-random-wait';
  values.problem(
    flag,
    `only 0 to the interval of -I (${intervalMs} ms), which is what every device has`,
  );
}

function payload(values: BenchValues, readText: ReadText): StreamSpelling['payload'] {
  const headerBytes = payloadHeaderBytes(values);
  const bytes = values.count('size', 256, 0, 200_000_000);
  const message = values.optional('message');
  if (message === undefined) return { bytes: bytes + headerBytes };
  const header = headerBytes > 0;
  if (!header) {
    values.note(
      '-m alone has no measurement header; --payload-hdrs ts puts one in front of the message, so that deliveries can be timed.',
    );
  }
  if (!message.startsWith('template://')) return { text: message, header };
  const path = message.slice('template://'.length);
  try {
    const template = spellMessageTemplate(readText(path), values);
    return { template, randomBytes: bytes, header };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    values.problem('message', `the template ${path} cannot be read (${why})`);
    return { text: '' };
  }
}
