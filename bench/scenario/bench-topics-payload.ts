import { z } from 'zod';
import { arrivalsOf, type StreamSpelling } from './bench-arrivals.js';
import type { ReadText } from './bench-stream.js';
import { spellTopic } from './bench-topic.js';
import type { BenchValues } from './bench-values.js';
import { escapeFields } from './payload-field.js';
import { escapeTemplate } from './template.js';

// emqtt-bench's `--topics-payload`: a JSON file with the topics that every client publishes, each with its own timer.

const entry = z.object({
  name: z.string({ error: 'a topic' }).min(1, 'a topic'),
  interval_ms: z
    .union([z.string(), z.number()], { error: 'milliseconds, such as "1000"' })
    .transform(Number)
    .pipe(z.int({ error: 'whole milliseconds, such as "1000"' }).nonnegative().max(86_400_000)),
  inject_timestamp: z.literal([true, false, 's', 'ms', 'us', 'ns'], {
    error: 'true, false, "s", "ms", "us" or "ns"',
  }),
  QoS: z.literal([0, 1, 2], { error: '0, 1 or 2' }),
  retain: z.boolean({ error: 'true or false' }).default(false),
  payload_encoding: z.literal('json', {
    error: '"json" (Erlang’s term format, "eterm", is not written here)',
  }),
  payload: z.record(z.string(), z.unknown(), { error: 'a JSON object' }),
  stream: z.number({ error: 'a number' }).default(0),
  stream_priority: z.number({ error: 'a number' }).default(0),
  render: z.string({ error: 'the name of a field of the payload' }).optional(),
});
const file = z.object({ topics: z.array(entry, { error: 'a list of topics' }).min(1) });

type Entry = z.output<typeof entry>;

/** What a time stamp is in our templates, by its unit. */
const TIMES = {
  s: '{time:s}',
  ms: '%TIMESTAMPMS%',
  us: '%TIMESTAMPUS%',
  ns: '%TIMESTAMPNS%',
} as const;
const PAGE_BYTES = 4096;
/** A packet has at most 256 MiB. */
const MOST_PAGES = 65_000;
/** Stands in the JSON where the time stamp goes; nothing else is written so. */
const TIME_MARK = '\u0000time\u0000';

/** The streams of the file, undefined when it has no say. */
export function topicsPayloadStreams(
  values: BenchValues,
  readText: ReadText,
): StreamSpelling[] | undefined {
  const path = values.optional('topics-payload');
  if (path === undefined) return undefined;
  for (const flag of PASSED_OVER) {
    if (values.optional(flag) !== undefined) {
      values.note(`--${flag} has no effect beside --topics-payload, as in emqtt-bench.`);
    }
  }
  const topics = readTopics(path, values, readText);
  const seen = new Set<string>();
  return topics.map((topic, k) => {
    if (seen.has(topic.name)) {
      values.problem('topics-payload', `${path}: topics.${k}.name: '${topic.name}' is there twice`);
    }
    seen.add(topic.name);
    if (topic.stream !== 0) {
      values.note('Streams and their priorities are QUIC’s: here all topics share a connection.');
    }
    return {
      topic: spellTopic('pub', topic.name, values, 'topics-payload'),
      qos: topic.QoS,
      retain: topic.retain,
      payload: payloadOf(topic, `${path}: topics.${k}`, values),
      arrivals: arrivalsOf(values, topic.interval_ms),
    };
  });
}

const PASSED_OVER = [
  ...['topic', 'qos', 'retain', 'size', 'message', 'interval_of_msg', 'limit', 'payload-hdrs'],
];

function readTopics(path: string, values: BenchValues, readText: ReadText): Entry[] {
  const wrong = (why: string): Entry[] => {
    values.problem('topics-payload', `${path}: ${why}`);
    return [];
  };
  let json: unknown;
  try {
    json = JSON.parse(readText(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return wrong(error instanceof SyntaxError ? message : `it cannot be read (${code ?? message})`);
  }
  const read = file.safeParse(json);
  if (read.success) return read.data.topics;
  for (const { path: at, message } of read.error.issues)
    wrong(`${at.join('.')}: expected ${message}`);
  return [];
}

function payloadOf(topic: Entry, where: string, values: BenchValues): StreamSpelling['payload'] {
  const { inject_timestamp: stamp, render } = topic;
  const payload = { ...topic.payload };
  if (render !== undefined) payload[render] = padding(payload[render], where, values);
  if (stamp !== false) payload.timestamp = TIME_MARK;
  const [before = '', ...after] = JSON.stringify(payload).split(JSON.stringify(TIME_MARK));
  const time = TIMES[stamp === true || stamp === false ? 'ms' : stamp];
  return { template: [before, ...after].map(asText).join(time) };
}

/** `%pN`: N pages of 4 KiB. */
function padding(field: unknown, where: string, values: BenchValues): string {
  const pages = /^%p(\d{1,5})$/.exec(String(field))?.[1];
  if (pages !== undefined && Number(pages) <= MOST_PAGES) {
    return 'a'.repeat(Number(pages) * PAGE_BYTES);
  }
  values.problem(
    'topics-payload',
    `${where}.render: expected %pN (N pages of 4 KiB) in that field; for fields that vary, write a scenario`,
  );
  return '';
}

function asText(text: string): string {
  return escapeFields(escapeTemplate(text));
}
