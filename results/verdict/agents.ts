import { formatCount } from '../format.js';
import type { RunRecord, VerdictReason } from '../run-record.js';
import { reason } from './finding.js';

/** Machines of the fleet that were lost. */
export function judgeAgents({ agents = [] }: RunRecord): VerdictReason[] {
  return agents.flatMap(({ name, host, devices, lost }) =>
    lost === null
      ? []
      : reason(
          'suspect',
          'AGENT_LOST',
          `agent ${name} (${host.hostname}) was lost in second ${lost.second ?? 0}, ${lost.why}: its ` +
            `${formatCount(devices)} devices were missing from then on`,
        ),
  );
}
