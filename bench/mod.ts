/** The load harness. */

export * from './capacity/mod.js';
export * from './doctor/mod.js';
export type { RunProgress } from './fleet/coordinator.js';
export { FleetError, type FleetErrorCode } from './fleet/fleet-error.js';
export { machineLimits } from './fleet/machine-limits.js';
export { preflight } from './fleet/preflight.js';
export { type RunRequest, runScenario } from './fleet/run-scenario.js';
export * from './probe/mod.js';
export * from './scenario/mod.js';
export { readDurationUs, readRatePerSec } from './scenario/units.js';
export * from './selftest/mod.js';
export * from './targets/mod.js';
