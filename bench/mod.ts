/** The load harness. */
export type { RunProgress } from './fleet/coordinator.js';
export { FleetError, type FleetErrorCode } from './fleet/fleet-error.js';
export { machineLimits } from './fleet/machine-limits.js';
export { type RunRequest, runScenario } from './fleet/run-scenario.js';
export { createTestAuthority, TEST_CA_FILES } from './fleet/test-authority.js';
export * from './probe/mod.js';
export * from './scenario/mod.js';
