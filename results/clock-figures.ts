import type { ClockFigures, HostClock } from './run-record.js';

/**
 * A time between two hosts is wrong by at most the sum of both uncertainties; within a host, by what its own
 * processes read differently. So the worst of the fleet is the sum of the two largest.
 */
export function clockFigures(hosts: readonly HostClock[]): ClockFigures {
  const uncertainties = hosts.map(({ uncertaintyUs }) => uncertaintyUs).sort((a, b) => b - a);
  const [first = 0, second = first] = uncertainties;
  return { errorUs: Math.round((first + second) * 1000) / 1000, hosts: [...hosts] };
}
