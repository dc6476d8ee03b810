import assert from 'node:assert/strict';
import { COUNTERS, counter, GAUGES, type RunRecord, readRun } from '../../results/mod.js';

/**
 * Reads a record back and sees that its parts agree: the seconds of `intervals.csv` add up to the totals, and the
 * logs hold an answer for each that was counted. A record whose run had no end may have seconds beyond its totals.
 */
export async function truthOf(folder: string): Promise<RunRecord> {
  const run = await readRun(folder);
  const { record } = run;
  const rows = await run.intervals();
  for (const [at, row] of rows.entries()) assert.equal(row.second, at, 'every second has its row');
  const summed = (name: (typeof COUNTERS)[number]): number =>
    rows.reduce((sum, row) => sum + counter(row.counters, name), 0);
  const { connects, subscribes, publishes, deliveries, bytes } = record.totals;
  const totals: Partial<Record<(typeof COUNTERS)[number], number>> = {
    connectsAttempted: connects.attempted,
    connectsSucceeded: connects.succeeded,
    connectsFailed: connects.failed,
    connectionsLost: connects.lost,
    subscribed: subscribes.succeeded,
    publishesScheduled: publishes.scheduled,
    publishesSent: publishes.sent,
    publishesAcked: publishes.acked,
    publishesFailed: publishes.failed,
    deliveriesExpected: deliveries.expected,
    deliveriesReceived: deliveries.received,
    bytesSent: bytes.sent,
  };
  for (const name of COUNTERS) {
    const total = totals[name];
    if (total === undefined || GAUGES.has(name)) continue;
    if (record.state === 'running')
      assert.ok(summed(name) >= total, `${name}: ahead of its seconds`);
    else assert.equal(summed(name), total, name);
  }
  const answered = (await run.histogram('publish.service', 'whole')).totalCount;
  const acked = record.state === 'running' ? summed('publishesAcked') : publishes.acked;
  // Logs are written before the row of their second.
  assert.ok(record.state === 'running' ? answered >= acked : answered === acked, `${answered}`);
  return record;
}
