import type { ProbedNode } from '../../results/mod.js';
import { monotonicClock } from '../device/mod.js';
import { checkProbeNames, makeProbe, type ProbeSpec } from '../probe/mod.js';
import { ProbeTimeline } from './probe-timeline.js';

/**
 * What is watched beside a fleet: what the record says of it, and the readings to come.
 * @throws ProbeError if two of them have one name
 */
export async function openProbes(
  specs: readonly ProbeSpec[],
): Promise<{ facts: readonly ProbedNode[]; timeline: ProbeTimeline }> {
  const nowUs = monotonicClock();
  checkProbeNames(specs);
  const probes = specs.map((spec) => makeProbe(spec, nowUs));
  const timeline = new ProbeTimeline(probes, nowUs);
  await timeline.open();
  return { facts: probes.map(({ facts }) => facts), timeline };
}
