import type { ProtobufWriter } from './protobuf.js';

/**
 * Payloads of a Sparkplug B 3.0 edge node. Metrics 1…M of the node and of each device are Doubles with a name
 * and an alias; births carry both, data only the alias.
 *
 *     Payload  timestamp 1 · metrics 2 (repeated) · seq 3 · body 5
 *     Metric   name 1 · alias 2 · timestamp 3 · datatype 4 · long_value 11 · double_value 13 · boolean_value 14
 */
const INT64 = 4;
const DOUBLE = 10;
const BOOLEAN = 11;

/** Bytes in front of the 16 of a hole that is the first field: its tag and its length. */
export const BODY_AT = 2;

/** What the will of a node is, and what it says before it leaves in order: one `bdSeq`, no `seq`. */
export function writeNodeDeath(out: ProtobufWriter, bdSeq: number, nowMs: number): void {
  out.reset();
  out.varintField(1, nowMs);
  bdSeqMetric(out, bdSeq, nowMs);
}

/** NBIRTH: `bdSeq` of the will, `Node Control/Rebirth` and all metrics of the node. Its `seq` is 0. */
export function writeNodeBirth(
  out: ProtobufWriter,
  bdSeq: number,
  metrics: number,
  nowMs: number,
): void {
  out.reset();
  out.varintField(1, nowMs);
  bdSeqMetric(out, bdSeq, nowMs);
  out.message(2, () => {
    out.stringField(1, 'Node Control/Rebirth');
    out.varintField(3, nowMs);
    out.varintField(4, BOOLEAN);
    out.varintField(14, 0);
  });
  bornMetrics(out, 0, metrics, nowMs);
  out.varintField(3, 0);
}

/** DBIRTH of device 1…D: all its metrics. */
export function writeDeviceBirth(
  out: ProtobufWriter,
  device: number,
  metrics: number,
  seq: number,
  nowMs: number,
): void {
  out.reset();
  out.varintField(1, nowMs);
  bornMetrics(out, device, metrics, nowMs);
  out.varintField(3, seq);
}

/**
 * NDATA (member 0) or DDATA (member 1…D) with `changed` metrics, by alias, beginning at a different one each
 * time. A body of 16 bytes comes first, for the measurement header.
 */
export function writeData(
  out: ProtobufWriter,
  member: number,
  metrics: number,
  changed: number,
  message: number,
  seq: number,
  nowMs: number,
): void {
  out.reset();
  out.hole(5, 16);
  out.varintField(1, nowMs);
  for (let k = 0; k < changed; k++) {
    const metric = (message * changed + k) % metrics;
    out.message(2, () => {
      out.varintField(2, aliasOf(member, metric, metrics));
      out.varintField(3, nowMs);
      out.varintField(4, DOUBLE);
      out.doubleField(13, metricValue(metric, message));
    });
  }
  out.varintField(3, seq);
}

/** Aliases are unique over the node and all its devices. */
export function aliasOf(member: number, metric: number, metrics: number): number {
  return member * metrics + metric + 1;
}

/** A value that moves: what it is does not matter, that it changes does. */
export function metricValue(metric: number, message: number): number {
  return 20 + metric + 5 * Math.sin((message + metric) / 10);
}

function bdSeqMetric(out: ProtobufWriter, bdSeq: number, nowMs: number): void {
  out.message(2, () => {
    out.stringField(1, 'bdSeq');
    out.varintField(3, nowMs);
    out.varintField(4, INT64);
    out.varintField(11, bdSeq);
  });
}

function bornMetrics(out: ProtobufWriter, member: number, metrics: number, nowMs: number): void {
  for (let metric = 0; metric < metrics; metric++) {
    out.message(2, () => {
      out.stringField(1, `measure/${metric + 1}`);
      out.varintField(2, aliasOf(member, metric, metrics));
      out.varintField(3, nowMs);
      out.varintField(4, DOUBLE);
      out.doubleField(13, metricValue(metric, 0));
    });
  }
}
