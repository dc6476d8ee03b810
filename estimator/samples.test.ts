import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CounterName, counterIndex, type IntervalRow, newCounters } from '../results/mod.js';
import { costSamples } from './samples.js';

interface RowFacts {
  counters?: Partial<Record<CounterName, number>>;
  probes?: IntervalRow['probes'];
  lengthSec?: number;
}

function row(second: number, { counters = {}, probes, lengthSec = 1 }: RowFacts): IntervalRow {
  const values = newCounters();
  for (const [name, value] of Object.entries(counters)) {
    values[counterIndex(name as CounterName)] = value;
  }
  return {
    second,
    phase: 'steady',
    lengthSec,
    counters: values,
    backlog: 0,
    loopUtilisation: 0,
    loopDelayMaxUs: 0,
    generatorCpuPercent: 0,
    latency: {},
    probes: probes ?? { broker: { cpuPercent: 50, rssBytes: 1_000 } },
  };
}

describe('samples of a run record', () => {
  it('are the counts of each second as the target sees them', () => {
    const counters = {
      connectsSucceeded: 3,
      publishesSentQos0: 10,
      publishesSentQos1: 11,
      publishesSentQos2: 12,
      deliveriesReceivedQos0: 20,
      deliveriesReceivedQos1: 21,
      deliveriesReceivedQos2: 22,
      bytesSent: 1_000,
      bytesReceived: 2_000,
      pings: 4,
      connected: 8,
    };
    assert.deepEqual(costSamples([row(0, { counters, lengthSec: 0.5 })]), [
      {
        second: 0,
        phase: 'steady',
        lengthSec: 0.5,
        cpuSec: 0.25,
        rssBytes: 1_000,
        processes: 1,
        connected: 4,
        connectedAtEnd: 8,
        connects: 3,
        publishesQos0: 10,
        publishesQos1: 11,
        publishesQos2: 12,
        deliveriesQos0: 20,
        deliveriesQos1: 21,
        deliveriesQos2: 22,
        bytesIn: 1_000,
        bytesOut: 2_000,
        pings: 4,
      },
    ]);
  });

  it('take the mean of connections halfway between the ends of two seconds', () => {
    const [first, second, afterGap] = costSamples([
      row(0, { counters: { connected: 10 } }),
      row(1, { counters: { connected: 30 } }),
      row(3, { counters: { connected: 50 } }),
    ]);
    assert.deepEqual(
      [first, second, afterGap].map((sample) => [sample!.connected, sample!.connectedAtEnd]),
      [
        [5, 10],
        [20, 30],
        [50, 50],
      ],
    );
  });

  it('add up the processes of a target', () => {
    const [sample] = costSamples([
      row(0, {
        probes: { a: { cpuPercent: 30, rssBytes: 5 }, b: { cpuPercent: 120, rssBytes: 6 } },
      }),
    ]);
    assert.equal(sample!.processes, 2);
    assert.equal(sample!.cpuSec, 1.5);
    assert.equal(sample!.rssBytes, 11);
  });

  it('leave out seconds in which a process was not read', () => {
    const blank = { a: { cpuPercent: null, rssBytes: 5 } };
    const samples = costSamples([row(0, {}), row(1, { probes: blank }), row(2, {})]);
    assert.deepEqual(
      samples.map(({ second }) => second),
      [0, 2],
    );
    assert.deepEqual(costSamples([row(0, { probes: {} })]), []);
  });

  it('are of the nodes that count alone, whatever becomes of the others', () => {
    const probes = {
      core1: { cpuPercent: null, rssBytes: null },
      replicant1: { cpuPercent: 30, rssBytes: 5 },
      replicant2: { cpuPercent: 120, rssBytes: 6 },
    };
    const [sample] = costSamples([row(0, { probes })], (node) => node.startsWith('replicant'));
    assert.equal(sample?.cpuSec, 1.5);
    assert.equal(sample.rssBytes, 11);
    assert.equal(sample.processes, 2);
    assert.deepEqual(costSamples([row(0, { probes })]), []);
  });
});
