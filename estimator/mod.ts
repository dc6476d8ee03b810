export { checkRun, holdOutPhases, type PhaseCheck, type RunCheck } from './check.js';
export { type CpuCost, type CpuModel, cpuPerSec, fitCpu } from './cost-model.js';
export { type ByQos, type Demand, type NodeShape, type Policy, parseDemand } from './demand.js';
export {
  type DemandFrame,
  demandLike,
  type Estimate,
  type EstimateInput,
  estimateDemand,
} from './estimate.js';
export { EstimateError, type EstimateErrorCode } from './estimate-error.js';
export { fitMemory, type MemoryModel } from './memory-model.js';
export { headline, reportLines } from './report.js';
export { ESTIMATE_SCHEMA, reportJson } from './report-json.js';
export { costSeries, readCostSeries } from './samples.js';
export { type Sizing, sizeNodes } from './sizing.js';
export { type CostSample, type CostSeries, costWindows } from './windows.js';
