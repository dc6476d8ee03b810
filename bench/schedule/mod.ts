/** The schedule: what is due when, as pure functions of seed, device and number. */
export { type ArrivalSpec, type Arrivals, arrivals } from './arrivals.js';
export { type BackOff, backOffUs } from './back-off.js';
export { connectAtUs } from './connect.js';
export { type Leaves, leaveCount, leaveUs } from './leaves.js';
export { type LoadCurve, type LoadSegment, loadCurve } from './load-curve.js';
export { sine, spike, staircase } from './load-shapes.js';
export { random } from './random.js';
