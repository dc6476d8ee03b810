import { randomSource } from './random.js';
import type { CostSample, CostSeries } from './windows.js';

/** Test data for this folder: runs of a broker whose costs are known. */

/** CPU seconds each; connections per second held. */
export interface TrueCosts {
  base: number;
  connection: number;
  connect: number;
  publish: readonly [number, number, number];
  delivery: readonly [number, number, number];
  byte: number;
  baseBytes: number;
  connectionBytes: number;
}

export const TRUE_COSTS: TrueCosts = {
  base: 0.004,
  connection: 0.4e-6,
  connect: 120e-6,
  publish: [6e-6, 11e-6, 19e-6],
  delivery: [4e-6, 9e-6, 17e-6],
  byte: 0,
  baseBytes: 60e6,
  connectionBytes: 9_000,
};

/** Rates per second while the phase lasts. */
export interface SyntheticPhase {
  name: string;
  seconds: number;
  connects?: number;
  publishes?: readonly [number, number, number];
  deliveries?: readonly [number, number, number];
  payloadBytes?: number;
}

/** One thing at a time, then everything: what a calibration would run. */
export const DESIGNED: readonly SyntheticPhase[] = [
  { name: 'idle', seconds: 10 },
  { name: 'ramp', seconds: 20, connects: 500 },
  { name: 'hold', seconds: 10 },
  { name: 'publish0', seconds: 12, publishes: [20_000, 0, 0] },
  { name: 'pairs0', seconds: 12, publishes: [10_000, 0, 0], deliveries: [10_000, 0, 0] },
  { name: 'publish1', seconds: 12, publishes: [0, 15_000, 0] },
  { name: 'fan1', seconds: 12, publishes: [0, 1_000, 0], deliveries: [0, 20_000, 0] },
  { name: 'mix', seconds: 12, publishes: [8_000, 4_000, 0], deliveries: [8_000, 4_000, 0] },
];

/** Everybody publishes to one subscriber at both QoS: nothing moves on its own but connections. */
export const ONE_TO_ONE: readonly SyntheticPhase[] = [
  { name: 'ramp', seconds: 20, connects: 500 },
  { name: 'warm', seconds: 15, publishes: [4_000, 4_000, 0], deliveries: [4_000, 4_000, 0] },
  { name: 'steady', seconds: 30, publishes: [8_000, 8_000, 0], deliveries: [8_000, 8_000, 0] },
  { name: 'drain', seconds: 5 },
];

export interface SyntheticOptions {
  costs?: TrueCosts;
  seed?: number;
  /** Standard deviation of a CPU reading as a share of itself. */
  noise?: number;
  /** Correlation of the noise with that of the second before. */
  correlation?: number;
  /** The probe reads this much of a second after the harness has closed it. */
  probeLateSec?: number;
  runId?: string;
}

export function syntheticRun(
  phases: readonly SyntheticPhase[],
  options: SyntheticOptions = {},
): CostSeries {
  const { noise = 0.03, correlation = 0, probeLateSec = 0, costs = TRUE_COSTS } = options;
  const random = randomSource(options.seed ?? 1);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const samples: CostSample[] = [];
  const rss: number[] = [];
  let connected = 0;
  let carried = 0;
  let memoryNoise = 0;
  for (const phase of phases) {
    for (let second = 0; second < phase.seconds; second++) {
      const jitter = (rate: number) => Math.max(0, Math.round(rate * (1 + 0.02 * gaussian())));
      const connects = jitter(phase.connects ?? 0);
      const publishes = (phase.publishes ?? [0, 0, 0]).map(jitter);
      const ratio = (phase.deliveries ?? [0, 0, 0]).map((rate, qos) =>
        rate === 0 ? 0 : rate / phase.publishes![qos]!,
      );
      const deliveries = publishes.map((count, qos) => Math.round(count * ratio[qos]!));
      const size = (phase.payloadBytes ?? 64) + 20;
      const bytesIn = connects * 60 + publishes.reduce((sum, count) => sum + count * size, 0);
      const bytesOut = connects * 9 + deliveries.reduce((sum, count) => sum + count * size, 0);
      const mean = connected + connects / 2;
      connected += connects;
      const cpu =
        costs.base +
        costs.connection * mean +
        costs.connect * connects +
        costs.publish.reduce((sum, cost, qos) => sum + cost * publishes[qos]!, 0) +
        costs.delivery.reduce((sum, cost, qos) => sum + cost * deliveries[qos]!, 0) +
        costs.byte * (bytesIn + bytesOut);
      carried =
        correlation * carried +
        Math.sqrt(1 - correlation ** 2) * (noise * cpu + 0.002) * gaussian();
      memoryNoise = 0.5 * memoryNoise + 0.3e6 * gaussian();
      rss.push(costs.baseBytes + costs.connectionBytes * connected + memoryNoise);
      samples.push({
        second: samples.length,
        phase: phase.name,
        lengthSec: 1,
        cpuSec: Math.max(0, cpu + carried),
        rssBytes: Math.round(rss.at(-1)!),
        processes: 1,
        connected: mean,
        connectedAtEnd: connected,
        connects,
        publishesQos0: publishes[0]!,
        publishesQos1: publishes[1]!,
        publishesQos2: publishes[2]!,
        deliveriesQos0: deliveries[0]!,
        deliveriesQos1: deliveries[1]!,
        deliveriesQos2: deliveries[2]!,
        bytesIn,
        bytesOut,
        pings: 0,
      });
    }
  }
  const shifted = samples.map((sample, i) => {
    const next = samples[Math.min(i + 1, samples.length - 1)]!.cpuSec;
    return { ...sample, cpuSec: (1 - probeLateSec) * sample.cpuSec + probeLateSec * next };
  });
  return {
    runId: options.runId ?? `synthetic-${options.seed ?? 1}`,
    target: 'mqtt://127.0.0.1:1883',
    host: 'a synthetic host',
    doubts: [],
    samples: shifted,
  };
}
