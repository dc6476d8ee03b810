export { type Exposition, parseExposition } from './exposition.js';
export { hostFacts, openFileLimit } from './host-facts.js';
export { pidListening } from './listening.js';
export { makeProbe } from './make-probe.js';
export type { Probe } from './probe.js';
export { ProbeError, type ProbeErrorCode } from './probe-error.js';
export { checkProbeNames, type ProbeSpec, parseProbe, probeSpec } from './probe-spec.js';
export { type ProcFs, type ProcUnits, procFs } from './proc-fs.js';
export {
  type ProbeOptions,
  type ProbeRate,
  type ProbeSample,
  ProcProbe,
  rateBetween,
} from './proc-probe.js';
export type { ThreadUsage } from './process-usage.js';
