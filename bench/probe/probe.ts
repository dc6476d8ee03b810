import type { ProbedNode, ProbePoint, ProbeValue } from '../../results/mod.js';

/** Something that says what the target, or a machine, does. */
export interface Probe {
  /** What the record calls it, and what it reads. */
  readonly facts: ProbedNode;
  /** Looks for the first time: rates count from there. Does not reject: what is not there yet may come. */
  begin(): Promise<void>;
  /** What happened since the last look. Does not reject: what cannot be read is a gap with its reason. */
  look(): Promise<ProbePoint>;
  close(): void;
}

/** A rate over more than this is not that of the second it ends in. */
const LONGEST_SECOND_SEC = 1.5;

/** The point that a node's values make. */
export function pointOf(node: string, readAtUs: number, values: readonly ProbeValue[]): ProbePoint {
  const cores = values.filter((v) => v.part !== '' && v.metric === 'cpuPercent' && isOfSecond(v));
  return {
    node,
    readAtUs,
    cpuPercent: find(values, 'cpuPercent'),
    rssBytes: find(values, 'rssBytes'),
    busiestThreadPercent: cores.length === 0 ? null : Math.max(...cores.map((v) => v.value)),
    values,
    gap: null,
  };
}

/** The point of a second in which there was nothing to be read. */
export function gapOf(node: string, readAtUs: number, gap: string): ProbePoint {
  const nothing = { cpuPercent: null, rssBytes: null, busiestThreadPercent: null, values: [] };
  return { node, readAtUs, ...nothing, gap };
}

function find(values: readonly ProbeValue[], metric: string): number | null {
  const found = values.find((v) => v.part === '' && v.metric === metric && isOfSecond(v));
  return found?.value ?? null;
}

function isOfSecond({ overSec }: ProbeValue): boolean {
  return overSec <= LONGEST_SECOND_SEC;
}
