/** The load harness. */
export { type AgentOptions, runAgent } from './agents/agent.js';
export { agentStore, type StoreAccess } from './agents/fleet-store.js';
export {
  type Agents,
  type AgentsRequest,
  resumeOnAgents,
  runOnAgents,
} from './agents/run-on-agents.js';
export type { RunProgress } from './fleet/coordinator.js';
export { FleetError, type FleetErrorCode } from './fleet/fleet-error.js';
export { machineLimits } from './fleet/machine-limits.js';
export { type RunRequest, runScenario } from './fleet/run-scenario.js';
export * from './probe/mod.js';
export * from './scenario/mod.js';
export { readDurationUs } from './scenario/units.js';
