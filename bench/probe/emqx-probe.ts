import { z } from 'zod';
import type { ProbedNode, ProbePoint } from '../../results/mod.js';
import { ANSWER_TIMEOUT_MS, httpGet } from './http-get.js';
import { gapOf, type Probe, pointOf } from './probe.js';
import { ProbeError } from './probe-error.js';
import { Meter, type Reading, type Sample } from './reading.js';

export interface EmqxOptions {
  /** Where the dashboard listens, such as http://host:18083. */
  readonly url: URL;
  /** `key:secret` of an API key. */
  readonly credentials: string | undefined;
  readonly nowUs: () => number;
}

const number = z.coerce.number();
/** EMQX 5.0 writes sizes as `979.33M`, later versions some of them as bytes. */
const size = z.union([z.number(), z.string()]).transform(readSize);

const node = z.object({
  node: z.string(),
  node_status: z.string(),
  /** ms since it was started. */
  uptime: number.optional(),
  connections: number.optional(),
  live_connections: number.optional(),
  load1: number.optional(),
  memory_used: size.optional(),
  process_used: number.optional(),
});

/** What both other lists have: a node, and figures by dotted names. */
const figures = z.looseObject({ node: z.string() });

const page = z.object({ data: z.array(z.unknown()), meta: z.object({ hasnext: z.boolean() }) });

/** Levels of `/stats` and counters of `/metrics`, and their names here. */
const STATS = new Map([
  ['live_connections.count', 'liveConnections'],
  ['subscriptions.count', 'subscriptions'],
  ['topics.count', 'topics'],
]);
const COUNTERS = new Map([
  ['messages.received', 'messagesReceivedPerSec'],
  ['messages.sent', 'messagesSentPerSec'],
  ['messages.dropped', 'messagesDroppedPerSec'],
  ['delivery.dropped', 'deliveriesDroppedPerSec'],
  ['bytes.received', 'bytesReceivedPerSec'],
  ['bytes.sent', 'bytesSentPerSec'],
]);
const MOST_PAGES = 100;

/** EMQX's REST API, `/api/v5`: what each node of the cluster says of itself. It knows no CPU time of its own. */
export class EmqxProbe implements Probe {
  readonly facts: ProbedNode;
  readonly #options: EmqxOptions;
  readonly #meter = new Meter();

  constructor(facts: ProbedNode, options: EmqxOptions) {
    this.facts = facts;
    this.#options = options;
  }

  async begin(): Promise<void> {
    await this.look();
  }

  async look(): Promise<ProbePoint> {
    const { nowUs } = this.#options;
    try {
      const reading = await this.#read();
      return pointOf(this.facts.node, reading.atUs, this.#meter.take(reading));
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      return gapOf(this.facts.node, nowUs(), error.message);
    }
  }

  close(): void {}

  async #read(): Promise<Reading> {
    const deadlineUs = this.#options.nowUs() + ANSWER_TIMEOUT_MS * 1000;
    const [nodes, stats, metrics] = await Promise.all([
      this.#list('nodes', node, deadlineUs),
      this.#list('stats', figures, deadlineUs),
      this.#list('metrics', figures, deadlineUs),
    ]);
    const samples: Sample[] = nodes.items.flatMap((one) => nodeSamples(one));
    for (const one of stats.items) samples.push(...picked(one, STATS, 'level'));
    for (const one of metrics.items) samples.push(...picked(one, COUNTERS, 'counter'));
    // The counters' time is the one that rates are made with.
    const { atUs } = metrics;
    const started = nodes.items.flatMap(({ node, uptime }) =>
      uptime === undefined ? [] : [[node, (nodes.atUs / 1000 - uptime) / 1000] as const],
    );
    return { atUs, samples, startedSec: new Map(started) };
  }

  /** A whole list, page by page where the API gives it so. */
  async #list<T>(
    path: string,
    item: z.ZodType<T>,
    deadlineUs: number,
  ): Promise<{ items: T[]; atUs: number }> {
    const { url, credentials, nowUs } = this.#options;
    const found: unknown[] = [];
    let atUs = 0;
    for (let number = 1; number <= MOST_PAGES; number++) {
      const at = new URL(`api/v5/${path}`, url.href.endsWith('/') ? url : `${url.href}/`);
      if (number > 1) at.searchParams.set('page', String(number));
      const leftMs = Math.max(1, Math.ceil((deadlineUs - nowUs()) / 1000));
      const answer = await httpGet(at, credentials, nowUs, leftMs);
      atUs = answer.atUs;
      const value = readJson(answer.text, path);
      const paged = page.safeParse(value);
      found.push(...(paged.success ? paged.data.data : Array.isArray(value) ? value : [value]));
      if (!paged.success || !paged.data.meta.hasnext) break;
    }
    const items = z.array(item).safeParse(found);
    if (items.success) return { items: items.data, atUs };
    throw new ProbeError('NOT_READABLE', `/api/v5/${path} is not as EMQX's: ${where(items.error)}`);
  }
}

function nodeSamples(one: z.output<typeof node>): Sample[] {
  const level = (metric: string, value: number | undefined): Sample[] =>
    value === undefined || !Number.isFinite(value)
      ? []
      : [{ part: one.node, metric, value, kind: 'level' }];
  return [
    ...level('running', one.node_status === 'running' ? 1 : 0),
    ...level('connections', one.connections),
    ...level('load1', one.load1),
    ...level('machineMemoryUsedBytes', one.memory_used),
    ...level('processes', one.process_used),
  ];
}

function picked(
  one: z.output<typeof figures>,
  names: ReadonlyMap<string, string>,
  kind: Sample['kind'],
): Sample[] {
  return [...names].flatMap(([theirs, metric]) => {
    const value = one[theirs];
    return typeof value === 'number' ? [{ part: one.node, metric, value, kind }] : [];
  });
}

const SIZES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

function readSize(raw: string | number): number {
  if (typeof raw === 'number') return raw;
  const [, number, unit = ''] = /^([\d.]+)\s*([KMGT]?)i?B?$/i.exec(raw.trim()) ?? [];
  return Number(number) * (SIZES[unit.toUpperCase()] ?? 1);
}

function readJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProbeError('NOT_READABLE', `/api/v5/${path} answers no JSON`, { cause });
  }
}

function where(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? '?' : `${issue.path.join('.')}: ${issue.message}`;
}
