export { type BundledNodes, bundledNodes } from './bundled-nodes.js';
export { type Check, refusal } from './check.js';
export { type Intended, runChecks } from './doctor.js';
export { type MachineFacts, machineFacts } from './machine-facts.js';
export { connectionCount } from './needs.js';
export { type TimeFacts, timeChecks, timeFacts } from './time-checks.js';
