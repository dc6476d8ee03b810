import { formatCount, formatDurationUs, formatPercent, formatShare } from './format.js';
import type { LatencyFigures, RunRecord, Verdict, VerdictReason } from './run-record.js';
import {
  ACHIEVED_INVALID,
  ACHIEVED_SUSPECT,
  FOREIGN_SUSPECT_SHARE,
  LAG_INVALID_SHARE,
  LAG_INVALID_US,
  LAG_SUSPECT_SHARE,
  LAG_SUSPECT_US,
  LOOP_INVALID,
  LOOP_SUSPECT,
  MISSING_INVALID_SHARE,
  NEGATIVE_INVALID_SHARE,
  SHORT_SECONDS,
  STALL_NOTE_US,
} from './verdict-thresholds.js';

/** Reasons that say the generator was too slow: then the target carries at least the measured load. */
export const GENERATOR_FAULTS: ReadonlySet<string> = new Set([
  'GENERATOR_BUSY',
  'GENERATOR_LATE',
  'LOAD_NOT_ACHIEVED',
  'REPORTS_MISSING',
]);

/**
 * Judges a run by its record alone, so that any reader can judge again. Only whether the figures can be
 * trusted: loss, duplicates, wrong order and errors are results about the target. Notes do not change the
 * state.
 */
export function judge(record: RunRecord): Verdict {
  const reasons = [
    ...judgeCompleteness(record),
    ...judgeReached(record),
    ...judgeLoop(record),
    ...judgeLag(record),
    ...judgeAchieved(record),
    ...judgeShards(record),
    ...judgeAgents(record),
    ...judgeClocks(record),
    ...judgeDeliveries(record),
    ...judgeProbes(record),
  ];
  reasons.sort((a, b) => RANK[b.severity] - RANK[a.severity]);
  const worst = reasons[0]?.severity ?? 'note';
  return { state: worst === 'note' ? 'valid' : worst, reasons };
}

/**
 * Whether as many devices connected as the scenario has, and every subscription was granted. A run that did
 * not get there measured another scenario; its figures are true of that one.
 */
export function scenarioReached(record: RunRecord): boolean {
  const { connects, subscribes } = record.totals;
  return connects.connectedMax >= record.devices && subscribes.failed === 0;
}

/**
 * Whether the generator itself was late, as far as can be told: a busy loop, or a lag worth the name with
 * stalls of its size. If neither, sends waited for the target: in-flight window, receive maximum, or a full
 * socket.
 */
export function generatorLate(record: RunRecord): boolean {
  const { generator } = record;
  return (
    generator.loopUtilisationP90 >= LOOP_SUSPECT ||
    (generator.lagP99Us > LAG_SUSPECT_US && generator.loopDelayMaxUs >= generator.lagP99Us / 2)
  );
}

const RANK = { note: 0, suspect: 1, invalid: 2 } as const;

function reason(severity: VerdictReason['severity'], code: string, text: string): VerdictReason[] {
  return [{ code, severity, text }];
}

function judgeCompleteness(record: RunRecord): VerdictReason[] {
  const seconds = record.measured.seconds;
  const found: VerdictReason[] = [];
  if (record.state === 'running') {
    found.push(
      ...reason(
        'suspect',
        'NOT_ENDED',
        'the record has no end: the run still goes on, or was killed',
      ),
    );
  } else if (record.state === 'interrupted') {
    found.push(
      ...reason(
        'suspect',
        'INTERRUPTED',
        `the run was interrupted after ${formatCount(seconds)} s of measuring`,
      ),
    );
  }
  if (seconds === 0) {
    found.push(...reason('invalid', 'NOT_MEASURED', 'no whole second of a measured phase was run'));
  } else if (seconds < SHORT_SECONDS && record.state === 'finished') {
    found.push(...reason('note', 'SHORT', `only ${formatCount(seconds)} s were measured`));
  }
  return found;
}

function judgeReached(record: RunRecord): VerdictReason[] {
  const { connects, subscribes } = record.totals;
  const found: VerdictReason[] = [];
  if (connects.connectedMax < record.devices) {
    const share = formatShare(connects.connectedMax / record.devices);
    found.push(
      ...reason(
        'suspect',
        'NOT_REACHED',
        `the scenario was not reached: ${formatCount(connects.connectedMax)} of ` +
          `${formatCount(record.devices)} devices were connected at most (${share}); the figures are of those`,
      ),
    );
  }
  if (subscribes.failed > 0) {
    found.push(
      ...reason(
        'suspect',
        'SUBSCRIPTIONS_REFUSED',
        `the scenario was not reached: ${formatCount(subscribes.failed)} subscriptions were refused or timed out`,
      ),
    );
  }
  return found;
}

function judgeLoop(record: RunRecord): VerdictReason[] {
  const { loopUtilisationP90, loopDelayMaxUs } = record.generator;
  const found: VerdictReason[] = [];
  if (loopUtilisationP90 >= LOOP_SUSPECT) {
    const invalid = loopUtilisationP90 >= LOOP_INVALID;
    found.push(
      ...reason(
        invalid ? 'invalid' : 'suspect',
        'GENERATOR_BUSY',
        `a generator thread was busy ${formatPercent(loopUtilisationP90 * 100)} of the time or more in one measured second ` +
          `of ten: ${invalid ? 'it set the pace, not the target' : 'its own queue shows in the figures'}; ` +
          'use more threads, more machines or less load',
      ),
    );
  }
  if (loopDelayMaxUs >= STALL_NOTE_US) {
    found.push(
      ...reason(
        'note',
        'GENERATOR_STALLED',
        `a generator thread once stood still for ${formatDurationUs(loopDelayMaxUs)}: ` +
          'maxima up to that long may be its own',
      ),
    );
  }
  return found;
}

function judgeLag(record: RunRecord): VerdictReason[] {
  const lag = record.latency['publish.lag'];
  // QoS 0 has no answer to a publish: then the delivery is what the lag is a part of.
  const response = record.latency['publish.response'] ?? record.latency['delivery.response'];
  if (lag === undefined || response === undefined) return [];
  if (lag.p99 <= LAG_SUSPECT_US || lag.p99 <= response.p99 * LAG_SUSPECT_SHARE) return [];
  const text =
    `sends were late by ${formatDurationUs(lag.p99)} (p99) against response times of ` +
    formatDurationUs(response.p99);
  if (!generatorLate(record)) {
    return reason('note', 'HELD_BY_TARGET', `${text}; ${backPressure(record)}`);
  }
  const invalid = lag.p99 > LAG_INVALID_US && lag.p99 > response.p99 * LAG_INVALID_SHARE;
  return reason(
    invalid ? 'invalid' : 'suspect',
    'GENERATOR_LATE',
    `${text}: ${invalid ? "they are the generator's own" : "more than half of them is the generator's lateness"}`,
  );
}

function judgeAchieved(record: RunRecord): VerdictReason[] {
  const {
    publishesScheduled = 0,
    publishesSent: sent = 0,
    publishesFailed = 0,
  } = record.measured.counters;
  // What was neither sent nor still waits fell due on a device without a connection.
  const absent = Math.min(
    publishesFailed,
    Math.max(0, publishesScheduled - sent - record.generator.backlogEnd),
  );
  const found =
    absent > publishesScheduled * (1 - ACHIEVED_SUSPECT)
      ? reason(
          'suspect',
          'DEVICES_MISSING',
          `${formatShare(absent / publishesScheduled)} of the offered publishes (${formatCount(absent)} of ` +
            `${formatCount(publishesScheduled)}) fell due on devices that were not connected, and were not sent`,
        )
      : [];
  return [...found, ...judgeSent(record, publishesScheduled - absent, sent)];
}

/** @param scheduled on devices that were there to send it */
function judgeSent(record: RunRecord, scheduled: number, sent: number): VerdictReason[] {
  if (scheduled === 0 || sent >= scheduled * ACHIEVED_SUSPECT) return [];
  const text =
    `${formatShare(sent / scheduled)} of the offered publishes were sent ` +
    `(${formatCount(sent)} of ${formatCount(scheduled)}; ${formatCount(record.generator.backlogEnd)} were still waiting)`;
  if (!generatorLate(record)) {
    return reason(
      'suspect',
      'TARGET_HELD_LOAD',
      `${text}; ${backPressure(record)}; what was never sent has no latency, so the percentiles are too good`,
    );
  }
  return reason(
    sent < scheduled * ACHIEVED_INVALID ? 'invalid' : 'suspect',
    'LOAD_NOT_ACHIEVED',
    `${text}, and the generator was late by itself; use more threads, more machines or less load`,
  );
}

function backPressure(record: RunRecord): string {
  const { loopUtilisationMax, loopDelayMaxUs } = record.generator;
  return (
    `the generator had time (busy ${formatPercent(loopUtilisationMax * 100)} at most, no stall above ` +
    `${formatDurationUs(loopDelayMaxUs)}), so the target held them back (in-flight window or full socket)`
  );
}

function judgeShards(record: RunRecord): VerdictReason[] {
  const { shardsLost, shards, reportsDue, reportsMissing } = record.generator;
  const found: VerdictReason[] = [];
  if (shardsLost > 0) {
    found.push(
      ...reason(
        'suspect',
        'SHARD_LOST',
        `${formatCount(shardsLost)} of ${formatCount(shards)} generator shards died: their devices were missing from then on`,
      ),
    );
  }
  if (reportsMissing > 0) {
    const share = reportsMissing / reportsDue;
    found.push(
      ...reason(
        share > MISSING_INVALID_SHARE ? 'invalid' : 'suspect',
        'REPORTS_MISSING',
        `${formatCount(reportsMissing)} of ${formatCount(reportsDue)} reports of generator threads are missing ` +
          `(${formatShare(share)}): the threads stood still for more than a second`,
      ),
    );
  }
  return found;
}

function judgeAgents({ agents = [] }: RunRecord): VerdictReason[] {
  return agents.flatMap(({ name, host, devices, lost }) =>
    lost === null
      ? []
      : reason(
          'suspect',
          'AGENT_LOST',
          `agent ${name} (${host.hostname}) was lost in second ${lost.second ?? 0}, ${lost.why}: its ` +
            `${formatCount(devices)} devices were missing from then on`,
        ),
  );
}

function judgeClocks(record: RunRecord): VerdictReason[] {
  const figures: LatencyFigures[] = Object.values(record.latency);
  const negative = figures.reduce((sum, series) => sum + series.negative, 0);
  const clipped = figures.reduce((sum, series) => sum + series.clipped, 0);
  const count = figures.reduce((sum, series) => sum + series.count, 0);
  const found: VerdictReason[] = [];
  if (negative > 0) {
    const share = negative / (negative + count);
    found.push(
      ...reason(
        share > NEGATIVE_INVALID_SHARE ? 'invalid' : 'suspect',
        'NEGATIVE_LATENCY',
        `${formatCount(negative)} latencies were below zero (${formatShare(share)}): the clocks do not agree`,
      ),
    );
  }
  if (clipped > 0) {
    found.push(
      ...reason(
        'suspect',
        'CLIPPED',
        `${formatCount(clipped)} latencies were above one hour and are counted as one hour`,
      ),
    );
  }
  return found;
}

function judgeDeliveries(record: RunRecord): VerdictReason[] {
  const { received, untimed, foreign } = record.totals.deliveries;
  const found: VerdictReason[] = [];
  if (untimed > 0) {
    found.push(
      ...reason(
        'note',
        'UNTIMED',
        `${formatCount(untimed)} of ${formatCount(received)} deliveries were too short for the 16-byte ` +
          'measurement header: counted, not timed',
      ),
    );
  }
  if (foreign > 0) {
    const share = foreign / (foreign + received);
    found.push(
      ...reason(
        share > FOREIGN_SUSPECT_SHARE ? 'suspect' : 'note',
        'FOREIGN',
        `${formatCount(foreign)} deliveries (${formatShare(share)}) were not of this run: others publish on its ` +
          'topics, or retained messages were left from before',
      ),
    );
  }
  return found;
}

function judgeProbes(record: RunRecord): VerdictReason[] {
  return record.probes.flatMap((probe) => {
    if (probe.goneAtSecond !== null) {
      return reason(
        'suspect',
        'PROBE_GONE',
        `${probe.node} (pid ${probe.pid}) could not be read from second ${probe.goneAtSecond} on: did it end?`,
      );
    }
    if (probe.cpuPercentMean === null && record.measured.seconds > 0) {
      return reason(
        'suspect',
        'PROBE_MISSING',
        `there are no readings of ${probe.node} (pid ${probe.pid})`,
      );
    }
    return [];
  });
}
