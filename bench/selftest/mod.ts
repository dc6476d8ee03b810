/** A target of known truth, and what a run on it must show. */
export {
  type CheckedClaim,
  type Claim,
  capacityClaims,
  checked,
  disturbanceOf,
  freezeClaims,
  pathClaim,
  serviceClaims,
  starvedClaims,
  theoryClaims,
} from './claims.js';
export {
  capacityExperiment,
  type Experiment,
  freezeExperiment,
  pathExperiment,
  serviceExperiment,
  starvedExperiment,
} from './experiments.js';
export type { Freezes, ServerLaw, ServiceLaw } from './fifo-server.js';
export { type KnownTarget, startKnownTarget } from './known-target.js';
export type { TargetTruth } from './target-messages.js';
