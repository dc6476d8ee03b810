import type { ProbedNode, ProbePoint } from '../../results/mod.js';
import { type Exposition, parseExposition } from './exposition.js';
import { httpGet } from './http-get.js';
import { readNodeExporter } from './machine.js';
import { gapOf, type Probe, pointOf } from './probe.js';
import { ProbeError } from './probe-error.js';
import { hasOwnTimes, type NamedMetric, readEndpoint } from './prometheus.js';
import { Meter, type Reading } from './reading.js';

/** Values older than this by their own time say nothing about the second that is asked for. */
const OLDEST_MS = 5000;

export interface ScrapeOptions {
  readonly url: URL;
  readonly credentials: string | undefined;
  readonly metrics: readonly NamedMetric[];
  readonly nowUs: () => number;
  readonly wallMs: () => number;
}

/** An endpoint in Prometheus' text format: a target's own, or a node exporter on its machine. */
export class ScrapeProbe implements Probe {
  readonly facts: ProbedNode;
  readonly #options: ScrapeOptions;
  readonly #meter = new Meter();

  constructor(facts: ProbedNode, options: ScrapeOptions) {
    this.facts = facts;
    this.#options = options;
  }

  async begin(): Promise<void> {
    await this.look();
  }

  async look(): Promise<ProbePoint> {
    const { url, credentials, nowUs } = this.#options;
    const { node } = this.facts;
    try {
      const { text, atUs } = await httpGet(url, credentials, nowUs);
      return pointOf(node, atUs, this.#meter.take(this.#read(parseExposition(text), atUs)));
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      return gapOf(node, nowUs(), error.message);
    }
  }

  close(): void {}

  #read(exposition: Exposition, atUs: number): Reading {
    const { metrics, wallMs } = this.#options;
    const reading =
      this.facts.kind === 'node-exporter'
        ? readNodeExporter(exposition, atUs)
        : readEndpoint(exposition, metrics, atUs);
    if (reading === undefined) {
      throw new ProbeError('NOT_READABLE', 'has no node_cpu_seconds_total: is it a node exporter?');
    }
    if (reading.samples.length === 0) {
      throw new ProbeError(
        'NOT_READABLE',
        'has neither process_cpu_seconds_total nor a series that was asked for',
      );
    }
    const ageMs =
      hasOwnTimes(exposition) && reading.atUs !== atUs ? wallMs() - reading.atUs / 1000 : 0;
    if (ageMs > OLDEST_MS) {
      throw new ProbeError(
        'NOT_READABLE',
        `its values are older than ${OLDEST_MS / 1000} s, or its clock is behind this one`,
      );
    }
    return reading;
  }
}
