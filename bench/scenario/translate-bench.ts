import { readFileSync } from 'node:fs';
import { BenchFlagError, type OwnFlag, readBenchArguments } from './bench-argv.js';
import type { BenchVerb } from './bench-flags.js';
import { benchStreams, messagesTakeUs, payloadHeaders, type ReadText } from './bench-stream.js';
import { spellTopic, spellUsername } from './bench-topic.js';
import { benchSources, benchTls, benchTransport } from './bench-transport.js';
import { BenchValues } from './bench-values.js';
import { parseDraft } from './parse.js';
import type { Scenario, ScenarioSpelling } from './schema.js';
import { formatTarget } from './target.js';
import { escapeTemplate } from './template.js';
import { readDurationUs, writeDuration } from './units.js';

export interface BenchTranslation {
  readonly scenario: Scenario;
  /** As in the scenario: one URL for each host. */
  readonly target: readonly string[];
  /** Where the scenario means something other than emqtt-bench would do: a sentence each. */
  readonly notes: readonly string[];
  /** The caller's own flags, as they came, and those of emqtt-bench's that are about watching. */
  readonly rest: readonly string[];
  /** What goes wrong is to be shown while the run lasts (`--log_to`). */
  readonly showsProblems: boolean;
}

export interface BenchOptions {
  /** Flags of the caller's that may stand among emqtt-bench's. */
  readonly own?: readonly OwnFlag[];
  /** Reads the file of `-m template://file`. */
  readonly readText?: ReadText;
}

/**
 * emqtt-bench's command line → the scenario that it means. Throws BenchFlagError with everything
 * that is wrong with it, one line each.
 */
export function translateBench(
  verb: BenchVerb,
  argv: readonly string[],
  options: BenchOptions = {},
): BenchTranslation {
  const read = readBenchArguments(verb, argv, options.own ?? []);
  const values = new BenchValues(read);
  const draft = benchDraft(verb, values, options.readText ?? readFile);
  checkQoe(values);
  const showsProblems = values.oneOf('log_to', 'console', ['console', 'null']) === 'console';
  if (read.problems.length > 0) throw new BenchFlagError(read.problems);
  const { scenario, problems } = parseDraft(draft);
  if (scenario === undefined) throw new BenchFlagError(problems);
  return { scenario, target: scenario.target, notes: read.notes, rest: read.rest, showsProblems };
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}

type GroupSpelling = ScenarioSpelling['groups'][number];

const DEFAULT_DURATION = '30s';

function benchDraft(verb: BenchVerb, values: BenchValues, readText: ReadText): ScenarioSpelling {
  const hosts = values.text('host', 'localhost').split(',');
  const port = values.count('port', 1883, 1, 65_535);
  const way = benchTransport(values);
  const count = values.count('count', 200, 1, 0xffff_ffff);
  return {
    name: verb,
    target: hosts.map((host) => formatTarget({ ...way, host: host.trim(), port })),
    ...benchSources(values),
    ...foreignHeaders(verb, values),
    ...benchTls(values),
    connect: { ratePerSec: connectRate(values), ...connectRetries(values) },
    groups: [{ ...benchGroup(verb, values, count), ...benchTraffic(verb, values, readText) }],
    phases: [
      { name: 'ramp', kind: 'ramp' },
      {
        name: verb === 'conn' ? 'hold' : 'steady',
        kind: 'steady',
        ...duration(verb, values, count),
      },
      ...(verb === 'pub' ? [{ name: 'drain', kind: 'drain' as const }] : []),
    ],
  };
}

/** What sub is told to find in front of payloads. */
function foreignHeaders(
  verb: BenchVerb,
  values: BenchValues,
): Partial<Pick<ScenarioSpelling, 'foreignHeaders'>> {
  const headers = verb === 'sub' ? payloadHeaders(values) : [];
  if (headers.length === 0) return {};
  if (headers.includes('cnt64')) {
    values.note(
      'cnt64 is followed topic by topic: publishers that share a topic cannot be told apart, and look like repeats.',
    );
  }
  if (headers.includes('ts')) {
    values.note(
      'ts has whole ms of the publisher’s clock: latencies are up to 1 ms too long, and as wrong as the two clocks differ.',
    );
  }
  return { foreignHeaders: headers };
}

function connectRate(values: BenchValues): number {
  const rate = values.count('connrate', 0, 0, 1e9);
  const intervalMs = values.count('interval', 10, 0, 86_400_000);
  if (rate > 0) return rate;
  if (intervalMs > 0) return 1000 / intervalMs;
  values.problem('interval', '0 is no rate of connects: say it with -R');
  return 1;
}

function connectRetries(values: BenchValues): Partial<ScenarioSpelling['connect']> {
  const retries = values.count('num-retry-connect', 0, 0, 0xffff);
  return retries === 0 ? {} : { retries };
}

/** After a connection that was there: a fixed pause, and so many attempts; a first connect is not repeated so. */
function reconnect(values: BenchValues): Pick<GroupSpelling, 'reconnect'> {
  const limit = values.count('reconnect', 0, 0, 0xffff);
  if (limit === 0) return {};
  const pause = { initial: '5s', max: '5s', multiplier: 1, jitter: 0 };
  return { reconnect: { ...pause, limit, first: false } };
}

/** Timing of each connection is not an option here. */
function checkQoe(values: BenchValues): void {
  const qoe = values.oneOf('qoe', 'false', ['true', 'false', 'dump']);
  if (qoe === 'true') {
    values.note(
      '-Q: connect, subscribe, publish and delivery are always timed; see the summary and the run record.',
    );
  }
  if (qoe === 'dump') {
    values.problem(
      'qoe',
      'there is no binary log to dump: the .hlog files of a run record hold every latency, intervals.csv a row a second',
    );
  }
}

function benchGroup(verb: BenchVerb, values: BenchValues, count: number): GroupSpelling {
  const username = values.optional('username');
  const password = values.optional('password');
  return {
    name: verb,
    count,
    // emqtt-bench numbers its clients from 1.
    startNumber: values.count('startnumber', 0, 0, 0xffff_fffe) + 1,
    clientId: clientId(verb, values),
    protocol: values.oneOf('version', '5', ['3', '4', '5']),
    cleanStart: values.boolean('clean', true),
    sessionExpiry: `${values.count('session-expiry', 0, 0, 0xffff_ffff)}s`,
    keepAlive: `${values.count('keepalive', 300, 0, 65_535)}s`,
    ...(username !== undefined && { username: spellUsername(username, values) }),
    ...(password !== undefined && { password: escapeTemplate(password) }),
    ...reconnect(values),
  };
}

function clientId(verb: BenchVerb, values: BenchValues): string {
  const prefix = escapeTemplate(values.text('prefix', ''));
  if (values.boolean('shortids', false)) return `${prefix}%i`;
  return prefix === '' ? `fg_bench_${verb}_{run}_%i` : `${prefix}_bench_${verb}_%i`;
}

/** What the devices of the verb do besides being there. */
function benchTraffic(
  verb: BenchVerb,
  values: BenchValues,
  readText: ReadText,
): Partial<GroupSpelling> {
  if (verb === 'conn') return {};
  if (verb === 'pub') {
    const inflight = values.count('inflight', 1, 0, 65_535);
    return { inflight, publish: benchStreams(values, readText) };
  }
  const filters = values.all('topic');
  if (filters.length === 0) values.problem('topic', 'sub needs at least one filter');
  if (payloadHeaders(values).length === 0) values.note(FOREIGN);
  const qos = values.qos();
  return {
    subscribe: filters.map((filter) => ({ filter: spellTopic(verb, filter, values), qos })),
  };
}

const FOREIGN =
  'Messages of other programs are counted, not timed: only those of the same run carry its header. One scenario with both publishers and subscribers measures deliveries; --payload-hdrs reads emqtt-bench’s.';

/** How long the load is held: as long as it says, as its messages take, or some time. */
function duration(
  verb: BenchVerb,
  values: BenchValues,
  count: number,
): { duration: string; whole?: true } {
  const given = values.optional('duration');
  const neededUs = verb === 'pub' ? messagesTakeUs(values, count) : undefined;
  const stays = neededUs !== undefined && values.boolean('keep-connected', false);
  const whole = stays ? { whole: true as const } : {};
  if (given !== undefined) {
    const durationUs = readDurationUs(given);
    if (durationUs !== undefined && durationUs > 0) {
      return { duration: writeDuration(durationUs), ...whole };
    }
    values.problem('duration', `expected a duration such as 30s or 5m, not '${given}'`);
  }
  if (neededUs === undefined) {
    values.note(
      `It holds the load for ${DEFAULT_DURATION}; --duration says otherwise (emqtt-bench goes on until it is stopped).`,
    );
    return { duration: DEFAULT_DURATION };
  }
  if (!stays) return { duration: writeDuration(neededUs) };
  values.note(
    `--keep-connected: devices stay for ${DEFAULT_DURATION} at least, or as --duration says (emqtt-bench goes on until it is stopped).`,
  );
  const longerUs = Math.max(neededUs, readDurationUs(DEFAULT_DURATION)!);
  return { duration: writeDuration(longerUs), ...whole };
}
