import type { Publish, Scenario } from './schema.js';

/**
 * The same scenario with `factor` times as many devices. Counts, rates over a whole group or the
 * whole fleet (those of connects and of churn too) and message limits scale, so that every device does what it
 * did and every phase lasts as long; intervals and in-flight windows of a single device stay. A
 * group keeps at least one device, a limit at least one message. A group with `scaled: false` stays as it is.
 *
 * Throws RangeError unless the factor is above 0.
 */
export function scale(scenario: Scenario, factor: number): Scenario {
  if (!(factor > 0 && Number.isFinite(factor))) {
    throw new RangeError(`cannot scale by ${factor}: expected a factor above 0, such as 0.1`);
  }
  if (factor === 1) return scenario;
  return {
    ...scenario,
    connect: { ...scenario.connect, ratePerSec: scenario.connect.ratePerSec * factor },
    groups: scenario.groups.map((group) =>
      group.scaled === false
        ? group
        : {
            ...group,
            count: scaledCount(group.count, factor),
            publish: group.publish.map((stream) => scaledStream(stream, factor)),
          },
    ),
    phases: scenario.phases.map((phase) =>
      phase.kind === 'churn' ? { ...phase, ratePerSec: phase.ratePerSec * factor } : phase,
    ),
  };
}

function scaledStream(stream: Publish, factor: number): Publish {
  const { arrivals } = stream;
  return {
    ...stream,
    arrivals:
      arrivals.kind === 'constant' || arrivals.kind === 'poisson'
        ? { ...arrivals, ratePerSec: arrivals.ratePerSec * factor }
        : arrivals,
    limit: stream.limit === 0 ? 0 : scaledCount(stream.limit, factor),
  };
}

function scaledCount(count: number, factor: number): number {
  return Math.max(1, Math.round(count * factor));
}
