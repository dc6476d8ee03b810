import { isIP } from 'node:net';
import { type Address, MetricsEndpoint, RunMetrics, type RunProgress } from '../bench/mod.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** The flags of a run that Prometheus is to watch. */
export interface MetricsFlags {
  prometheus?: boolean | undefined;
  restapi?: string | undefined;
}

/** Only this machine may ask unless an address says otherwise. */
const LOOPBACK = '127.0.0.1';

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already; take another port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there; take a port above 1023',
};

/** emqtt-bench's `--restapi`: a port, or an IP address and a port; undefined when nothing is to be served. */
export function metricsAddress({ restapi }: MetricsFlags): Address | undefined {
  if (restapi === undefined || restapi === 'disabled') return undefined;
  const [, bracketed, plain, digits] = /^(?:(?:\[(.*)\]|(.*)):)?(\d{1,5})$/.exec(restapi) ?? [];
  const host = bracketed ?? plain ?? LOOPBACK;
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || isIP(host) === 0) {
    throw new UsageError(
      `--restapi ${restapi}: expected a port or IP:port, such as 8080 or 0.0.0.0:8080`,
    );
  }
  return { host, port };
}

/** Takes in what a run says each second, for Prometheus. */
export type Watch = (progress: RunProgress) => void;

/**
 * Plays a run with `GET /metrics` beside it, from before anything connects until the record is written and what
 * scrapes has had the last figures.
 */
export async function withMetrics<T>(
  flags: MetricsFlags,
  { err }: Terminal,
  play: (watch: Watch) => Promise<T>,
): Promise<T> {
  const address = metricsAddress(flags);
  if (address === undefined) {
    if (flags.prometheus === true) {
      err.write('note: --prometheus serves nothing without --restapi [IP:]port.\n');
    }
    return play(() => {});
  }
  const metrics = new RunMetrics();
  const endpoint = await open(address, flags.restapi!, () => metrics.text());
  try {
    err.write(`metrics: ${endpoint.url}\n`);
    const outcome = await play((progress) => metrics.add(progress));
    await letScrape(endpoint, err);
    return outcome;
  } finally {
    await endpoint.close();
  }
}

async function open(address: Address, typed: string, text: () => string): Promise<MetricsEndpoint> {
  try {
    return await MetricsEndpoint.open(address, text);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--restapi ${typed}: ${WHY[code] ?? message}`);
  }
}

/** Whoever has scraped so far gets the totals, too; Ctrl-C ends the wait. */
async function letScrape(endpoint: MetricsEndpoint, err: Terminal['err']): Promise<void> {
  const dueMs = endpoint.nextScrapeMs;
  if (dueMs === 0) return;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    err.write(`metrics: ${Math.ceil(dueMs / 1000)} s for a last scrape (Ctrl-C ends it)\n`);
    await endpoint.lastScrape(stop.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
