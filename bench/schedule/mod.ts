/** The schedule: what is due when, as pure functions of seed, device and number. */
export { type ArrivalSpec, type Arrivals, arrivals } from './arrivals.js';
export { connectAtUs } from './connect.js';
export { type LoadCurve, type LoadSegment, loadCurve } from './load-curve.js';
export { random } from './random.js';
