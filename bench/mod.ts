/** The load harness. */
export { type AgentOptions, runAgent } from './agents/agent.js';
export { agentStore, type StoreAccess } from './agents/fleet-store.js';
export {
  type Agents,
  type AgentsRequest,
  resumeOnAgents,
  runOnAgents,
} from './agents/run-on-agents.js';
export * from './capacity/mod.js';
export * from './doctor/mod.js';
export type { RunProgress } from './fleet/coordinator.js';
export { CROWDED_ARGV, isCrowded } from './fleet/crowded.js';
export { FleetError, type FleetErrorCode } from './fleet/fleet-error.js';
export { machineLimits } from './fleet/machine-limits.js';
export { reachTargets } from './fleet/reach-targets.js';
export { type RunRequest, runScenario } from './fleet/run-scenario.js';
export { createTestAuthority, TEST_CA_FILES } from './fleet/test-authority.js';
export * from './metrics/mod.js';
export * from './probe/mod.js';
export * from './scenario/mod.js';
export { readDurationUs, readRatePerSec } from './scenario/units.js';
export * from './selftest/mod.js';
export * from './targets/mod.js';
