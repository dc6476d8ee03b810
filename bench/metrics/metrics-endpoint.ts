import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Address {
  host: string;
  port: number;
}

/** Version 0.0.4 of Prometheus' text format. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Nobody who scrapes more rarely is waited for at the end. */
const LONGEST_WAIT_MS = 60_000;
/** A scrape that is due comes a little late. */
const MARGIN_MS = 1000;
const POLL_MS = 20;

/** `GET /metrics`, and nothing else. */
export class MetricsEndpoint {
  readonly #server: Server;
  readonly #text: () => string;
  /** Of the last scrape; at first, when it opened. */
  #lastMs = 0;
  #longestGapMs = 0;
  #scrapes = 0;

  private constructor(text: () => string) {
    this.#text = text;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** Rejects with what Node says when the address is taken, or not this machine's. */
  static async open({ host, port }: Address, text: () => string): Promise<MetricsEndpoint> {
    const endpoint = new MetricsEndpoint(text);
    await new Promise<void>((resolve, reject) => {
      endpoint.#server.once('error', reject);
      endpoint.#server.listen({ host, port }, resolve);
    });
    endpoint.#lastMs = performance.now();
    return endpoint;
  }

  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
  }

  /**
   * Until when the next scrape is due, ms from now: as long as the longest time between two so far. 0 if nobody
   * has scraped, or does so too rarely.
   */
  get nextScrapeMs(): number {
    if (this.#scrapes === 0 || this.#longestGapMs > LONGEST_WAIT_MS) return 0;
    const dueMs = this.#lastMs + this.#longestGapMs + MARGIN_MS;
    return Math.max(0, dueMs - performance.now());
  }

  /** Waits for one more scrape until it is due, so that it has the last word. True if it came. */
  async lastScrape(signal: AbortSignal): Promise<boolean> {
    const before = this.#scrapes;
    const untilMs = performance.now() + this.nextScrapeMs;
    while (this.#scrapes === before && performance.now() < untilMs && !signal.aborted) {
      await sleep(POLL_MS);
    }
    return this.#scrapes > before;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    // A scrape that is being answered has a moment to take its answer.
    const timer = setTimeout(() => this.#server.closeAllConnections(), MARGIN_MS);
    await closed;
    clearTimeout(timer);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('only /metrics is here\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    response.writeHead(200, { 'content-type': CONTENT_TYPE });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.end(this.#text(), () => this.#scraped());
  }

  #scraped(): void {
    const nowMs = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#scrapes++;
  }
}
