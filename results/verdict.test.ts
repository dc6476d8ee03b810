import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockFigures } from './clock-figures.js';
import type { LittlesLaw, RunRecord } from './run-record.js';
import { sampleRecord } from './sample-record.js';
import { generatorLate, judge, scenarioReached } from './verdict.js';

interface Case {
  readonly name: string;
  readonly change: (record: RunRecord) => void;
  readonly state: RunRecord['verdict']['state'];
  readonly codes: readonly string[];
  readonly text?: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'a good run', change: () => {}, state: 'valid', codes: [] },
  {
    name: 'loss, duplicates, wrong order and errors, which are results about the target',
    change: (run) => {
      Object.assign(run.totals.deliveries, {
        received: 100,
        lost: 162_400,
        duplicated: 3,
        outOfOrder: 9,
      });
      run.errors = { 'publish: Quota exceeded (0x97)': 12 };
    },
    state: 'valid',
    codes: [],
  },
  {
    name: 'a loop that is busy nearly all the time in one second of ten',
    change: (run) => {
      run.generator.loopUtilisationP90 = 0.85;
    },
    state: 'suspect',
    codes: ['GENERATOR_BUSY'],
    text: /busy 85 %/,
  },
  {
    name: 'a single busy second',
    change: (run) => {
      run.generator.loopUtilisationMax = 1;
    },
    state: 'valid',
    codes: [],
  },
  {
    name: 'a saturated loop',
    change: (run) => {
      run.generator.loopUtilisationP90 = 0.97;
    },
    state: 'invalid',
    codes: ['GENERATOR_BUSY'],
    text: /it set the pace, not the target/,
  },
  {
    name: 'a stall',
    change: (run) => {
      run.generator.loopDelayMaxUs = 140_000;
    },
    state: 'valid',
    codes: ['GENERATOR_STALLED'],
    text: /140 ms/,
  },
  {
    name: 'lag of more than half the response, from stalls of its size',
    change: (run) => lag(run, { lagUs: 30_000, responseUs: 50_000, stallUs: 25_000 }),
    state: 'suspect',
    codes: ['GENERATOR_LATE'],
    text: /late by 30\.0 ms \(p99\) against response times of 50\.0 ms/,
  },
  {
    name: 'lag that is nearly all of the response, from a busy loop',
    change: (run) => {
      lag(run, { lagUs: 190_000, responseUs: 200_000, stallUs: 1_000 });
      run.generator.loopUtilisationP90 = 0.9;
    },
    state: 'invalid',
    codes: ['GENERATOR_LATE', 'GENERATOR_BUSY'],
  },
  {
    name: 'the same lag while the generator had time: the target held it back',
    change: (run) => lag(run, { lagUs: 190_000, responseUs: 200_000, stallUs: 1_000 }),
    state: 'valid',
    codes: ['HELD_BY_TARGET'],
    text: /busy 38 % at most.*in-flight window/,
  },
  {
    name: 'lag of 10 ms or less',
    change: (run) => lag(run, { lagUs: 10_000, responseUs: 11_000, stallUs: 9_000 }),
    state: 'valid',
    codes: [],
  },
  {
    name: 'lag beyond half of the delivery where QoS 0 has no answer to a publish',
    change: (run) => {
      lag(run, { lagUs: 30_000, responseUs: 40_000, stallUs: 25_000 });
      run.latency['delivery.response'] = run.latency['publish.response']!;
      delete run.latency['publish.response'];
    },
    state: 'suspect',
    codes: ['GENERATOR_LATE'],
  },
  {
    name: 'nearly all of the offered load',
    change: (run) => {
      run.measured.counters.publishesSent = 148_600;
    },
    state: 'valid',
    codes: [],
  },
  {
    name: 'less than 99 % of the offered load, the generator being late',
    change: (run) => {
      run.measured.counters.publishesSent = 147_000;
      run.generator.loopUtilisationP90 = 0.9;
    },
    state: 'suspect',
    codes: ['GENERATOR_BUSY', 'LOAD_NOT_ACHIEVED'],
    text: /98\.0 % of the offered publishes/,
  },
  {
    name: 'less than 95 % of the offered load, the generator being late',
    change: (run) => {
      run.measured.counters.publishesSent = 140_000;
      run.generator.loopUtilisationP90 = 0.9;
    },
    state: 'invalid',
    codes: ['LOAD_NOT_ACHIEVED', 'GENERATOR_BUSY'],
  },
  {
    name: 'publishes that fell due on devices without a connection, which nobody held back',
    change: (run) => {
      run.measured.counters.publishesSent = 100_000;
      run.measured.counters.publishesFailed = 50_000;
    },
    state: 'suspect',
    codes: ['DEVICES_MISSING'],
    text: /33\.3 % of the offered publishes \(50,000 of 150,000\) fell due on devices/,
  },
  {
    name: 'less than 95 % of the offered load while the generator had time',
    change: (run) => {
      run.measured.counters.publishesSent = 100_000;
      run.generator.backlogEnd = 50_000;
    },
    state: 'suspect',
    codes: ['TARGET_HELD_LOAD'],
    text: /50,000 were still waiting.*the target held them back/,
  },
  {
    name: 'devices that never connected',
    change: (run) => {
      run.totals.connects.connectedMax = 8_000;
    },
    state: 'suspect',
    codes: ['NOT_REACHED'],
    text: /8,000 of 10,000 devices were connected at most \(80\.0 %\)/,
  },
  {
    name: 'subscriptions that were refused',
    change: (run) => {
      run.totals.subscribes.failed = 3;
    },
    state: 'suspect',
    codes: ['SUBSCRIPTIONS_REFUSED'],
  },
  {
    name: 'a negative latency',
    change: (run) => {
      run.latency['delivery.response']!.negative = 1;
    },
    state: 'suspect',
    codes: ['NEGATIVE_LATENCY'],
    text: /1 latencies were below zero \(< 0\.01 %\)/,
  },
  {
    name: 'many negative latencies',
    change: (run) => {
      run.latency['delivery.response']!.negative = 5_000;
    },
    state: 'invalid',
    codes: ['NEGATIVE_LATENCY'],
  },
  {
    name: 'latencies beyond the histogram',
    change: (run) => {
      run.latency['delivery.response']!.clipped = 2;
    },
    state: 'suspect',
    codes: ['CLIPPED'],
  },
  {
    name: 'payloads too short to be timed',
    change: (run) => {
      run.totals.deliveries.untimed = 162_500;
    },
    state: 'valid',
    codes: ['UNTIMED'],
  },
  {
    name: 'a few foreign messages',
    change: (run) => {
      run.totals.deliveries.foreign = 10;
    },
    state: 'valid',
    codes: ['FOREIGN'],
  },
  {
    name: 'many foreign messages',
    change: (run) => {
      run.totals.deliveries.foreign = 10_000;
    },
    state: 'suspect',
    codes: ['FOREIGN'],
  },
  {
    name: 'a missing report',
    change: (run) => {
      run.generator.reportsMissing = 1;
    },
    state: 'suspect',
    codes: ['REPORTS_MISSING'],
    text: /1 of 94 reports/,
  },
  {
    name: 'many missing reports',
    change: (run) => {
      run.generator.reportsMissing = 20;
    },
    state: 'invalid',
    codes: ['REPORTS_MISSING'],
  },
  {
    name: 'a dead shard',
    change: (run) => {
      run.generator.shardsLost = 1;
    },
    state: 'suspect',
    codes: ['SHARD_LOST'],
  },
  {
    name: 'a target process that went away',
    change: (run) => {
      run.probes[0]!.goneAtSecond = 21;
    },
    state: 'suspect',
    codes: ['PROBE_GONE'],
    text: /broker \(pid 4711\).*second 21/,
  },
  {
    name: 'a probe without readings',
    change: (run) => {
      run.probes[0]!.cpuPercentMean = null;
    },
    state: 'suspect',
    codes: ['PROBE_MISSING'],
  },
  {
    name: 'a run that measured nothing',
    change: (run) => {
      run.measured = { seconds: 0, counters: {} };
    },
    state: 'invalid',
    codes: ['NOT_MEASURED'],
  },
  {
    name: 'a run that measured next to nothing',
    change: (run) => {
      run.measured.seconds = 3;
    },
    state: 'valid',
    codes: ['SHORT'],
  },
  {
    name: 'an interrupted run',
    change: (run) => {
      run.state = 'interrupted';
      run.measured.seconds = 12;
    },
    state: 'suspect',
    codes: ['INTERRUPTED'],
    text: /after 12 s/,
  },
  {
    name: 'one thread of two that fell behind by itself',
    change: (run) => {
      Object.assign(run.generator.perThread![1]!, { sent: 60_000, ownLagMeanUs: 80_000 });
    },
    state: 'suspect',
    codes: ['THREAD_BEHIND'],
    text: /1 of 2 generator threads .* thread 1 sent 80\.0 % .* late by 80\.0 ms/,
  },
  {
    name: 'one thread of two whose devices had no room',
    change: (run) => {
      Object.assign(run.generator.perThread![1]!, { sent: 60_000, ownLagMeanUs: 900 });
    },
    state: 'valid',
    codes: [],
  },
  {
    name: 'lag of its own that is most of the mean response',
    change: (run) => {
      Object.assign(run.generator, { ownLagMeanUs: 5_000, ownLagShare: 0.7 });
    },
    state: 'suspect',
    codes: ['OWN_LAG'],
    text: /70\.0 % of the mean response time is the generator's own lag \(5\.00 ms/,
  },
  {
    name: 'lag of its own within the grain of timers',
    change: (run) => {
      Object.assign(run.generator, { ownLagMeanUs: 700, ownLagShare: 0.7 });
    },
    state: 'valid',
    codes: [],
  },
  {
    name: 'hosts whose clocks may differ by a tenth of the median delivery',
    change: (run) => otherHost(run, 40),
    state: 'suspect',
    codes: ['CLOCK_ERROR'],
    text: /wrong by 40 µs, and half of the deliveries took 391 µs/,
  },
  {
    name: 'hosts whose clocks may differ by the whole of it',
    change: (run) => otherHost(run, 400),
    state: 'invalid',
    codes: ['CLOCK_ERROR'],
  },
  {
    name: 'hosts whose clocks are known well enough',
    change: (run) => otherHost(run, 30),
    state: 'valid',
    codes: [],
  },
  {
    name: 'processes that do not share the clock they should',
    change: (run) => {
      run.clock!.hosts[0]!.check = { offsetUs: 900, uncertaintyUs: 60 };
    },
    state: 'suspect',
    codes: ['CLOCKS_DISAGREE'],
    text: /bench-1 .* 900 µs \(± 60 µs\)/,
  },
  {
    name: 'collections that are half of what lies above p99.9',
    change: (run) => {
      Object.assign(run.generator.gc!, { beyondP99: 0.004, beyondP999: 0.0006 });
    },
    state: 'valid',
    codes: ['GARBAGE_COLLECTION'],
    text: /p99\.9 and above may be its own/,
  },
  {
    name: 'a record without an end',
    change: (run) => {
      run.state = 'running';
    },
    state: 'suspect',
    codes: ['NOT_ENDED'],
  },
];

describe('the verdict on', () => {
  for (const { name, change, state, codes, text } of CASES) {
    it(`${name} is ${state}`, () => {
      const record = sampleRecord();
      change(record);
      const verdict = judge(record);
      assert.deepEqual(
        { state: verdict.state, codes: verdict.reasons.map(({ code }) => code).sort() },
        { state, codes: [...codes].sort() },
      );
      if (text !== undefined)
        assert.match(verdict.reasons.map((reason) => reason.text).join(), text);
    });
  }

  it('several faults puts the worst first', () => {
    const record = sampleRecord();
    record.totals.deliveries.untimed = 5;
    record.totals.connects.connectedMax = 1;
    record.generator.loopUtilisationP90 = 0.99;
    assert.deepEqual(
      judge(record).reasons.map(({ severity }) => severity),
      ['invalid', 'suspect', 'note'],
    );
  });

  it('the same record is the same however often it is judged', () => {
    const record = sampleRecord();
    record.verdict = judge(record);
    assert.deepEqual(judge(record), record.verdict);
  });
});

describe('a check that lacks what it needs claims nothing, and says so:', () => {
  const cases: readonly [string, (record: RunRecord) => void, string, RegExp][] = [
    [
      "Little's law of too few answers",
      (run) => violated(run, { answered: 99 }),
      "Little's law, publish",
      /^99 answers; it needs 100$/,
    ],
    [
      "Little's law where too much was under way at the ends",
      (run) => violated(run, { tolerance: 600, inFlightMean: 1_500, expectedMean: 1_000 }),
      "Little's law, publish",
      /off by 600 of 1,000 under way: too much was under way at the ends/,
    ],
    [
      "Little's law of shards that died",
      (run) => {
        violated(run, {});
        run.generator.shardsLost = 1;
      },
      "Little's law, publish",
      /shards died/,
    ],
    [
      "Little's law of deliveries that are not timed",
      (run) => {
        run.totals.deliveries.untimed = 5;
      },
      "Little's law, delivery",
      /not timed/,
    ],
    [
      'the steady state of a phase whose load changes',
      (run) => {
        run.phases[2]!.load = { sensors: [0, 1] };
      },
      "steady state, phase 'steady'",
      /meant to change/,
    ],
    [
      'the own lag where there is no response',
      (run) => {
        run.generator.ownLagShare = null;
      },
      'own lag',
      /no response times/,
    ],
  ];
  for (const [name, change, check, why] of cases) {
    it(name, () => {
      const record = sampleRecord();
      change(record);
      const { reasons, silent } = judge(record);
      assert.ok(!reasons.some(({ code }) => code === 'LITTLES_LAW'));
      assert.match(silent!.find((one) => one.check === check)?.why ?? '', why);
    });
  }

  it('none of a good run', () => {
    assert.deepEqual(judge(sampleRecord()).silent, []);
  });
});

describe('a scenario', () => {
  it('is reached when every device connected and every subscription was granted', () => {
    const record = sampleRecord();
    assert.equal(scenarioReached(record), true);
    record.totals.subscribes.failed = 1;
    assert.equal(scenarioReached(record), false);
    record.totals.subscribes.failed = 0;
    record.totals.connects.connectedMax -= 1;
    assert.equal(scenarioReached(record), false);
  });
});

describe('a generator', () => {
  it('is not late by itself for stalls far below the lag', () => {
    const record = sampleRecord();
    lag(record, { lagUs: 100_000, responseUs: 200_000, stallUs: 0 });
    record.generator.loopDelayMaxUs = 49_999;
    assert.equal(generatorLate(record), false);
    record.generator.loopDelayMaxUs = 50_000;
    assert.equal(generatorLate(record), true);
  });

  it('is not late by itself when what it sent was sent on time', () => {
    const record = sampleRecord();
    record.generator.lagP99Us = 10_000;
    record.generator.loopDelayMaxUs = 60_000;
    assert.equal(generatorLate(record), false);
  });
});

/** Ten times as much under way as the law has it. */
function violated(run: RunRecord, change: Partial<LittlesLaw>): void {
  const law = run.littlesLaw!.publish!;
  Object.assign(law, { inFlightMean: law.expectedMean * 10 }, change);
}

/** Another host of the fleet; the error is that of the two clocks together. */
function otherHost(run: RunRecord, errorUs: number): void {
  const other = { host: 'bench-2', shards: 2, how: 'exchange', offsetUs: 812 } as const;
  run.clock!.hosts.push({ ...other, uncertaintyUs: errorUs - 0.2 });
  run.clock = clockFigures(run.clock!.hosts);
}

function lag(
  record: RunRecord,
  { lagUs, responseUs, stallUs }: { lagUs: number; responseUs: number; stallUs: number },
): void {
  Object.assign(record.latency['publish.lag']!, { p99: lagUs, mean: lagUs / 2 });
  record.latency['publish.response']!.p99 = responseUs;
  record.generator.lagP99Us = lagUs;
  record.generator.loopDelayMaxUs = stallUs;
}
