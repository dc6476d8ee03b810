import { readFileSync } from 'node:fs';
import { BenchFlagError, type OwnFlag, readBenchArguments } from './bench-argv.js';
import type { BenchVerb } from './bench-flags.js';
import { benchStream, messagesTakeUs, payloadHeaderBytes, type ReadText } from './bench-stream.js';
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
  /** The caller's own flags, as they came. */
  readonly rest: readonly string[];
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
  if (read.problems.length > 0) throw new BenchFlagError(read.problems);
  const { scenario, problems } = parseDraft(draft);
  if (scenario === undefined) throw new BenchFlagError(problems);
  return { scenario, target: scenario.target, notes: read.notes, rest: read.rest };
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
    ...benchTls(values),
    connect: { ratePerSec: connectRate(values) },
    groups: [{ ...benchGroup(verb, values, count), ...benchTraffic(verb, values, readText) }],
    phases: [
      { name: 'ramp', kind: 'ramp' },
      {
        name: verb === 'conn' ? 'hold' : 'steady',
        kind: 'steady',
        duration: duration(verb, values, count),
      },
      ...(verb === 'pub' ? [{ name: 'drain', kind: 'drain' as const }] : []),
    ],
  };
}

function connectRate(values: BenchValues): number {
  const rate = values.count('connrate', 0, 0, 1e9);
  const intervalMs = values.count('interval', 10, 1, 86_400_000);
  return rate > 0 ? rate : 1000 / intervalMs;
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
    return { inflight, publish: [benchStream(values, readText)] };
  }
  const filters = values.all('topic');
  if (filters.length === 0) values.problem('topic', 'sub needs at least one filter');
  payloadHeaderBytes(values);
  values.note(
    'Messages of other programs are counted, not timed: only those of the same run carry its header. One scenario with both publishers and subscribers measures deliveries.',
  );
  const qos = values.qos();
  return {
    subscribe: filters.map((filter) => ({ filter: spellTopic(verb, filter, values), qos })),
  };
}

function duration(verb: BenchVerb, values: BenchValues, count: number): string {
  const given = values.optional('duration');
  if (given !== undefined) {
    const durationUs = readDurationUs(given);
    if (durationUs !== undefined && durationUs > 0) return writeDuration(durationUs);
    values.problem('duration', `expected a duration such as 30s or 5m, not '${given}'`);
    return DEFAULT_DURATION;
  }
  const neededUs = verb === 'pub' ? messagesTakeUs(values, count) : undefined;
  if (neededUs === undefined) {
    values.note(
      `It holds the load for ${DEFAULT_DURATION}; --duration says otherwise (emqtt-bench goes on until it is stopped).`,
    );
    return DEFAULT_DURATION;
  }
  if (values.boolean('keep-connected', false)) {
    values.note('--keep-connected: devices stay connected until the end; --duration moves it.');
  }
  return writeDuration(neededUs);
}
