import { layOut, type MachineLimits, TooFewFiles } from '../fleet/layout.js';
import { type ProcFs, pidListening } from '../probe/mod.js';
import { formatTarget, plan, type Scenario, type Target } from '../scenario/mod.js';
import { targetProfile } from '../targets/profiles.js';
import { type BundledNodes, bundledNodes } from './bundled-nodes.js';
import type { Check } from './check.js';
import { type LocalTarget, machineChecks } from './machine-checks.js';
import { type MachineFacts, machineFacts, parseFileLimits } from './machine-facts.js';
import { connectionCount, type RunNeeds } from './needs.js';
import { type Quotas, quotaChecks } from './quotas.js';

/** A scenario, what it is to run against, and what is known of that. */
export interface Intended {
  readonly scenario: Scenario;
  readonly targets: readonly Target[];
  readonly threads?: number | undefined;
  /** Those of the scenario's profile if they are left out. */
  readonly quotas?: Quotas | undefined;
}

/** What a scenario needs on a machine with these limits. */
export function runNeeds(intended: Intended, limits: MachineLimits): RunNeeds {
  const { scenario, targets, threads } = intended;
  const profile = scenario.profile === undefined ? undefined : targetProfile(scenario.profile.name);
  const quotas = intended.quotas ?? profile?.quotas ?? {};
  const connections = connectionCount(scenario);
  const bundled = bundledFor(intended, connections, limits);
  const needs = { scenario, targets, bundled, connections, quotas };
  const { connectsPerSec } = plan(scenario);
  // Ports are a check of their own: the layout is of files alone.
  const ports = { first: 1, count: Number.MAX_SAFE_INTEGER };
  try {
    const layout = layOut(connections, 1, { ...limits, ephemeralPorts: ports }, threads);
    return { ...needs, connectsPerSec, layout, filesNeeded: undefined };
  } catch (error) {
    if (!(error instanceof TooFewFiles)) throw error;
    return { ...needs, connectsPerSec, layout: undefined, filesNeeded: error.needed };
  }
}

/** A run that names no target starts the scenario's cluster, if that has one. */
function bundledFor(
  { scenario, targets }: Intended,
  connections: number,
  { openFiles }: MachineLimits,
): BundledNodes | undefined {
  if (targets.length > 0 || scenario.cluster === undefined) return undefined;
  return bundledNodes(scenario.cluster, connections, openFiles);
}

/**
 * What may stop a run here, without starting anything: `run` refuses where one of these fails, `doctor`
 * shows them all.
 */
export function runChecks(
  intended: Intended,
  limits: MachineLimits,
  fs: ProcFs,
  facts: MachineFacts = machineFacts(fs),
): Check[] {
  const needs = runNeeds(intended, limits);
  return [
    ...machineChecks(needs, facts, localTargets(intended.targets, fs)),
    ...quotaChecks(intended.scenario, needs.quotas),
  ];
}

/** The targets on this machine whose process may be looked at. */
function localTargets(targets: readonly Target[], fs: ProcFs): LocalTarget[] {
  return targets.flatMap((target): LocalTarget[] => {
    if (!/^(127\.|localhost$|::1$)/.test(target.host)) return [];
    try {
      const pid = pidListening(target.port, target.host, fs);
      const { soft } = parseFileLimits(fs.readFile(`/proc/${pid}/limits`));
      const used = fs.readDir(`/proc/${pid}/fd`).length;
      return [{ target: formatTarget(target), pid, openFiles: { used, most: soft } }];
    } catch {
      // Nobody listens there yet, or it is somebody else's: what cannot be seen is not judged.
      return [];
    }
  });
}
