/**
 * Loaded before `fleetgauge run` in all its processes and threads (`NODE_OPTIONS=--import=…`), takes out what a run
 * does only to measure: counters, histograms, Little's law, loss and order of deliveries, the watch over the event loop and
 * the garbage collector, and the readings of the clock, which is read once a millisecond then, as pacing needs it.
 * The classes' own methods are replaced, so that the hot path has neither a branch nor a layer more than it ships with.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { COUNTER, Receiver, Tally } from '../bench/device/mod.js';
import { GeneratorLoad } from '../bench/fleet/generator-load.js';
import { StreamTable } from '../bench/fleet/stream-table.js';
import { HistogramSet, noOccupancy } from '../results/mod.js';

/** Until the shards have compared their clocks. */
const CLOCK_MS = 3000;
const nothing = (): undefined => undefined;
const counters = Object.keys(COUNTER).length;
const taken: Tally['take'] = () => ({
  counters: new Float64Array(counters),
  histograms: new HistogramSet().encode(),
  errors: {},
  occupancy: noOccupancy(),
});

Object.assign(Tally.prototype, {
  count: nothing,
  record: nothing,
  entered: nothing,
  left: nothing,
  error: nothing,
  take: taken,
});
Object.assign(Receiver.prototype, { delivered: nothing });
Object.assign(StreamTable.prototype, { fanOut: () => 0 });
const load = { loopUtilisation: 0, loopDelayMaxUs: 0, gcPausesUs: [] };
Object.assign(GeneratorLoad.prototype, { tick: nothing, read: () => load });
PerformanceObserver.prototype.observe = nothing;

const realNow = performance.now.bind(performance);
setTimeout(() => {
  let nowMs = realNow();
  setInterval(() => {
    nowMs = realNow();
  }, 1).unref();
  performance.now = () => nowMs;
}, CLOCK_MS).unref();
