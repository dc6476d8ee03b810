import { readFileSync } from 'node:fs';
import { topicFilterError, topicNameError } from '../../wire/mod.js';
import { BenchFlagError, type OwnFlag, readBenchArguments } from './bench-argv.js';
import type { BenchVerb } from './bench-flags.js';
import { BenchValues } from './bench-values.js';
import { parseDraft } from './parse.js';
import type { Scenario, ScenarioSpelling } from './schema.js';
import { compileTemplate, escapeTemplate, type Placeholder } from './template.js';
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
  readonly readText?: (path: string) => string;
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
  const values = new BenchValues(read.values, read.problems);
  const translator = new Translator(verb, values, read.notes, options.readText ?? readFile);
  const draft = translator.draft();
  if (read.problems.length > 0) throw new BenchFlagError(read.problems);
  const { scenario, problems } = parseDraft(draft);
  if (scenario === undefined) throw new BenchFlagError(problems);
  return { scenario, target: scenario.target, notes: read.notes, rest: read.rest };
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}

type GroupSpelling = ScenarioSpelling['groups'][number];
type StreamSpelling = NonNullable<GroupSpelling['publish']>[number];

const DEFAULT_DURATION = '30s';

class Translator {
  readonly #verb: BenchVerb;
  readonly #values: BenchValues;
  readonly #notes: string[];
  readonly #readText: (path: string) => string;

  constructor(
    verb: BenchVerb,
    values: BenchValues,
    notes: string[],
    readText: (path: string) => string,
  ) {
    this.#verb = verb;
    this.#values = values;
    this.#notes = notes;
    this.#readText = readText;
  }

  draft(): ScenarioSpelling {
    const hosts = this.#values.text('host', 'localhost').split(',');
    const port = this.#values.count('port', 1883, 1, 65_535);
    const group = this.#group();
    const duration = this.#duration(group);
    return {
      name: this.#verb,
      target: hosts.map((host) => `mqtt://${bracketed(host.trim())}:${port}`),
      connect: { ratePerSec: this.#connectRate() },
      groups: [group],
      phases: [
        { name: 'ramp', kind: 'ramp' },
        { name: this.#verb === 'conn' ? 'hold' : 'steady', kind: 'steady', duration },
        ...(this.#verb === 'pub' ? [{ name: 'drain', kind: 'drain' as const }] : []),
      ],
    };
  }

  #connectRate(): number {
    const rate = this.#values.count('connrate', 0, 0, 1e9);
    const intervalMs = this.#values.count('interval', 10, 1, 86_400_000);
    return rate > 0 ? rate : 1000 / intervalMs;
  }

  #group(): GroupSpelling {
    const values = this.#values;
    const username = this.#username();
    const password = values.optional('password');
    const group: GroupSpelling = {
      name: this.#verb,
      count: values.count('count', 200, 1, 0xffff_ffff),
      // emqtt-bench numbers its clients from 1.
      startNumber: values.count('startnumber', 0, 0, 0xffff_fffe) + 1,
      clientId: this.#clientId(),
      protocol: values.oneOf('version', '5', ['3', '4', '5']),
      cleanStart: values.boolean('clean', true),
      sessionExpiry: `${values.count('session-expiry', 0, 0, 0xffff_ffff)}s`,
      keepAlive: `${values.count('keepalive', 300, 0, 65_535)}s`,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: escapeTemplate(password) }),
    };
    if (this.#verb === 'sub') return { ...group, subscribe: this.#subscriptions() };
    if (this.#verb === 'pub') {
      const inflight = values.count('inflight', 1, 0, 65_535);
      return { ...group, inflight, publish: [this.#stream()] };
    }
    return group;
  }

  #clientId(): string {
    const prefix = escapeTemplate(this.#values.text('prefix', ''));
    if (this.#values.boolean('shortids', false)) return `${prefix}%i`;
    if (prefix !== '') return `${prefix}_bench_${this.#verb}_%i`;
    return `fg_bench_${this.#verb}_{run}_%i`;
  }

  #username(): string | undefined {
    const username = this.#values.optional('username');
    if (username === undefined) return undefined;
    if (/^%rand_\d+$/.test(username)) {
      this.#values.problem(
        'username',
        '%rand_N: no random user names; %i gives each device its own',
      );
    }
    const spelled = keepPlaceholders(username, ['i', 'c']);
    if (spelled !== '%i' && compileTemplate(spelled).parts.some(({ kind }) => kind !== 'text')) {
      this.#notes.push(
        `-u ${username}: placeholders are filled in; emqtt-bench sends them as text.`,
      );
    }
    return spelled;
  }

  #subscriptions(): NonNullable<GroupSpelling['subscribe']> {
    const filters = this.#values.all('topic');
    if (filters.length === 0) this.#values.problem('topic', 'sub needs at least one filter');
    const qos = this.#qos();
    this.#payloadHeaderBytes();
    this.#notes.push(
      'Messages of other programs are counted, not timed: only those of the same run carry its header. One scenario with both publishers and subscribers measures deliveries.',
    );
    return filters.map((filter) => ({ filter: this.#topic(filter, ['i', 'c', 'u']), qos }));
  }

  #qos(): 0 | 1 | 2 {
    return Number(this.#values.oneOf('qos', '0', ['0', '1', '2'])) as 0 | 1 | 2;
  }

  /** `placeholders`: those of emqtt-bench at this place. Others are text, here as there. */
  #topic(topic: string, placeholders: readonly Placeholder[]): string {
    const spelled = keepPlaceholders(topic, placeholders);
    const template = compileTemplate(spelled);
    if (template.uses('u') && this.#values.optional('username') === undefined) {
      this.#values.problem('topic', `%u in '${topic}' needs a user name (-u)`);
    }
    if (template.uses('s')) {
      this.#notes.push('%s counts the messages of each device; emqtt-bench counts those of all.');
    }
    const inPart = topic.split('/').some((level) => partial(keepPlaceholders(level, placeholders)));
    if (inPart) {
      this.#notes.push(
        `-t ${topic}: placeholders are filled in anywhere; emqtt-bench leaves those that are not a whole level.`,
      );
    }
    const sample = topic.replace(/%(?:rand_\d+|.)/g, '1');
    const why = this.#verb === 'pub' ? topicNameError(sample) : topicFilterError(sample);
    if (why !== undefined) this.#values.problem('topic', `'${topic}': ${why}`);
    return spelled;
  }

  #stream(): StreamSpelling {
    const values = this.#values;
    const topic = values.optional('topic');
    if (topic === undefined) {
      values.problem('topic', "pub needs a topic (emqtt-bench would publish to 'undefined')");
    }
    const intervalMs = values.count('interval_of_msg', 1000, 0, 86_400_000);
    this.#checkWaits(intervalMs);
    const qos = this.#qos();
    if (qos === 0)
      this.#notes.push(
        'QoS 0 messages are counted once; emqtt-bench 0.6.1 and 0.6.2 count them twice.',
      );
    else {
      this.#notes.push(
        '-F is really in flight: up to that many messages of a device wait for their acknowledgement. emqtt-bench never has more than one.',
      );
    }
    if (!values.boolean('wait-before-publishing', false)) {
      this.#notes.push('Publishing begins when every device is connected, as with -w.');
    }
    this.#notes.push(
      'There are no subscribers in this run, so deliveries are not measured; one scenario with both measures them.',
    );
    return {
      topic: topic === undefined ? 'none' : this.#topic(topic, ['i', 'c', 'u', 's', 'rand']),
      qos,
      retain: values.boolean('retain', false),
      payload: this.#payload(),
      arrivals:
        intervalMs === 0 ? { kind: 'saturate' } : { kind: 'periodic', interval: `${intervalMs}ms` },
      limit: values.count('limit', 0, 0, Number.MAX_SAFE_INTEGER),
    };
  }

  /** A uniform wait over one whole interval is what every device has here anyway. */
  #checkWaits(intervalMs: number): void {
    const low = this.#values.count('min-random-wait', 0, 0, 86_400_000);
    const high = this.#values.count('max-random-wait', 0, 0, 86_400_000);
    if (low === 0 && (high === 0 || high === intervalMs)) return;
    const flag = low === 0 ? 'max-random-wait' : 'min-random-wait';
    const instead = `only 0 to the interval of -I (${intervalMs} ms), which is what every device has`;
    this.#values.problem(flag, instead);
  }

  #payload(): StreamSpelling['payload'] {
    const headerBytes = this.#payloadHeaderBytes();
    const bytes = this.#values.count('size', 256, 0, 200_000_000);
    const message = this.#values.optional('message');
    if (message === undefined) return { bytes: bytes + headerBytes };
    const header = headerBytes > 0;
    if (!header) {
      this.#notes.push(
        '-m alone has no measurement header; --payload-hdrs ts puts one in front of the message, so that deliveries can be timed.',
      );
    }
    if (!message.startsWith('template://')) return { text: message, header };
    const path = message.slice('template://'.length);
    let template: string;
    try {
      template = this.#readText(path);
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      this.#values.problem('message', `the template ${path} cannot be read (${why})`);
      return { text: '' };
    }
    return { template, randomBytes: bytes, header };
  }

  /** Bytes that emqtt-bench puts in front of the payload for these. */
  #payloadHeaderBytes(): number {
    const names = this.#values.text('payload-hdrs', '').split(',').filter(Boolean);
    const unknown = names.find((name) => name !== 'cnt64' && name !== 'ts');
    if (unknown !== undefined) {
      this.#values.problem('payload-hdrs', `expected cnt64 and ts, not '${unknown}'`);
    }
    if (names.length > 0) {
      this.#notes.push(
        '--payload-hdrs: the measurement header (16 bytes) takes their place and gives loss, duplicates, order and latency.',
      );
    }
    return 8 * names.length;
  }

  #duration(group: GroupSpelling): string {
    const given = this.#values.optional('duration');
    if (given !== undefined) {
      const durationUs = readDurationUs(given);
      if (durationUs === undefined || durationUs === 0) {
        this.#values.problem('duration', `expected a duration such as 30s or 5m, not '${given}'`);
        return DEFAULT_DURATION;
      }
      return writeDuration(durationUs);
    }
    const needed = this.#messagesTakeUs(group);
    if (needed === undefined) {
      this.#notes.push(
        `It holds the load for ${DEFAULT_DURATION}; --duration says otherwise (emqtt-bench goes on until it is stopped).`,
      );
      return DEFAULT_DURATION;
    }
    if (this.#values.boolean('keep-connected', false)) {
      this.#notes.push(
        '--keep-connected: devices stay connected until the end; --duration moves it.',
      );
    }
    return writeDuration(needed);
  }

  /** How long the messages of -L take; undefined without -L or without a schedule. */
  #messagesTakeUs(group: GroupSpelling): number | undefined {
    const intervalMs = this.#values.count('interval_of_msg', 1000, 0, 86_400_000);
    const limit = this.#values.count('limit', 0, 0, Number.MAX_SAFE_INTEGER);
    if (this.#verb !== 'pub' || limit === 0 || intervalMs === 0) return undefined;
    return Math.ceil(limit / Number(group.count)) * intervalMs * 1000;
  }
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** The text with these placeholders, and with everything else that would be one written as text. */
function keepPlaceholders(text: string, kept: readonly Placeholder[]): string {
  const token = /%(?:rand_[1-9]\d*|[icus])/g;
  let spelled = '';
  let end = 0;
  for (const match of text.matchAll(token)) {
    const kind = match[0].startsWith('%rand_') ? 'rand' : (match[0][1] as Placeholder);
    if (!kept.includes(kind)) continue;
    spelled += escapeTemplate(text.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return spelled + escapeTemplate(text.slice(end));
}

/** A level with a placeholder and something beside it. */
function partial(level: string): boolean {
  const { parts } = compileTemplate(level);
  return parts.length > 1 && parts.some(({ kind }) => kind !== 'text');
}
