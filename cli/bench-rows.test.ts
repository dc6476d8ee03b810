import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CounterName,
  counterIndex,
  DELIVERY,
  HistogramSet,
  newCounters,
  noOccupancy,
  SERVICE,
} from '../results/mod.js';
import { BenchRows } from './bench-rows.js';

/** What is shown of a run of these seconds. */
function shown(
  seconds: readonly {
    counts?: Partial<Record<CounterName, number>>;
    phase?: string;
    errors?: Record<string, number>;
    deliveryUs?: number;
  }[],
  problems = true,
): string[] {
  let text = '';
  const screen = {
    write: (more: string) => {
      text += more;
    },
    live: true,
    colour: false,
    width: 80,
  };
  const rows = new BenchRows(screen, problems);
  for (const [
    second,
    { counts = {}, phase = 'steady', errors = {}, deliveryUs },
  ] of seconds.entries()) {
    const counters = newCounters();
    for (const [name, count] of Object.entries(counts)) {
      counters[counterIndex(name as CounterName)] = count;
    }
    const histograms = new HistogramSet();
    if (deliveryUs !== undefined) histograms.record(DELIVERY * 3 + SERVICE, deliveryUs);
    rows.update({
      interval: {
        second,
        lengthSec: 1,
        phase,
        measured: true,
        tail: false,
        counters,
        histograms,
        errors,
        backlog: 0,
        loopUtilisation: 0,
        loopDelayMaxUs: 0,
        gcPausesUs: [],
        threads: [],
        occupancy: noOccupancy(),
        generatorCpuPercent: 0,
        shards: 1,
        reports: 1,
      },
      connections: 9,
      leftUs: null,
      probes: [],
    });
  }
  return text.split('\n').slice(0, -1);
}

test('each second has a row for each counter that moved; one that stops says so once', () => {
  const sent = (publishesSent: number) => ({ counts: { publishesSent, connected: 9 } });
  assert.deepEqual(shown([sent(20), {}, {}, sent(5)]), [
    '1s phase steady connected=9/9',
    '1s pub total=20 rate=20.00/sec',
    '2s pub total=20 rate=0.00/sec',
    '4s pub total=25 rate=5.00/sec',
  ]);
});

test('what is acknowledged without a subscriber is not a success as well, and foreign messages are received', () => {
  const counts = {
    publishesAcked: 10,
    publishesUnmatched: 4,
    deliveriesReceived: 1,
    deliveriesForeign: 2,
  };
  assert.deepEqual(shown([{ counts, deliveryUs: 1500 }]).slice(1), [
    '1s publish_latency avg=1.5ms',
    '1s recv total=3 rate=3.00/sec',
    '1s pub_succ total=6 rate=6.00/sec',
    '1s pub_nosub total=4 rate=4.00/sec',
  ]);
});

test('what goes wrong has a row for each of the worst reasons, unless it is not to be shown', () => {
  const second = { errors: { a: 1, b: 7, c: 3, d: 2, e: 1 } };
  assert.deepEqual(shown([second]).slice(1), [
    '1s 7 × b',
    '1s 3 × c',
    '1s 2 × d',
    '1s 2 × other problems',
  ]);
  assert.deepEqual(shown([second], false).slice(1), []);
});
