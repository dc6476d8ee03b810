import type { CapacityRecord, CapacityStep } from '../bench/mod.js';
import { formatDurationUs, formatPercent, formatRate, painter, wrap } from '../results/mod.js';

/** What people read while a search goes on, and at its end. */
export interface TextOptions {
  readonly colour: boolean;
  readonly width: number;
  readonly folder: string;
}

const OUTCOMES = { holds: 'holds', breaks: 'breaks', starved: 'no answer' } as const;
const WIDTHS = [4, 9, 11, 11, 13, 9, 12, 5] as const;

/** Title and column heads. */
export function stepHead(record: CapacityRecord): string[] {
  const { scenario, target, objectives, publishesPerSecAtLoadOne: one } = record;
  const bounds = objectives.length === 0 ? 'no objective, throughput alone' : objectives.join(', ');
  return [
    `capacity of ${scenario} on ${target.join(', ')}: ${bounds}`,
    `load 1 is ${formatRate(one)} published`,
    '',
    row(['step', 'load', 'offered', 'achieved', 'response p50', 'p99', 'service p99', 'loop', '']),
  ];
}

/** One step as a line of the table. */
export function stepLine(step: CapacityStep, record: CapacityRecord): string {
  const path = shownPath(step);
  const figure = (clock: 'service' | 'response', at: 'p50' | 'p99'): string => {
    const us = step.latency[`${path}.${clock}`]?.[at];
    return us === undefined ? '–' : formatDurationUs(us);
  };
  const why = step.reason === '' ? '' : `: ${step.reason}`;
  return row([
    String(record.steps.indexOf(step) + 1),
    formatLoad(step.load),
    formatRate(step.offeredPerSec),
    formatRate(step.achievedPerSec),
    figure('response', 'p50'),
    figure('response', 'p99'),
    figure('service', 'p99'),
    formatPercent(step.generatorLoop * 100),
    `${OUTCOMES[step.outcome]}${why}`,
  ]);
}

/** The answer, on top of what it stands on. */
export function answerLines(record: CapacityRecord, options: TextOptions): string[] {
  const paint = painter(options.colour);
  const { word, style, text } = headline(record);
  const [first = '', ...rest] = wrap(`${word}  `, text, Math.max(72, options.width));
  return [
    '',
    `${paint('bold', paint(style, word))}${first.slice(word.length)}`,
    ...rest,
    ...standing(record).map((line) => `  ${line}`),
    '',
    `  ${options.folder}/capacity.json, capacity.svg, and a run record for each step`,
  ];
}

function headline(record: CapacityRecord): {
  word: string;
  style: 'green' | 'yellow' | 'red';
  text: string;
} {
  const { answer, state, steps } = record;
  if (state === 'interrupted') {
    return { word: 'INTERRUPTED', style: 'red', text: 'no answer' };
  }
  if (state === 'unreached' || answer === null) {
    const last = steps.at(-1)?.run ?? 'the last step';
    const text = `fewer devices connected or subscribed than the scenario has; see ${last}`;
    return { word: 'NOT REACHED', style: 'red', text };
  }
  const rate = (load: number): string => formatRate(load * record.publishesPerSecAtLoadOne);
  // Never all: what is left is below what a few repeats can tell.
  const sure = `${Math.min(99, Math.round(100 * answer.confidence))} % sure`;
  if (answer.kind === 'below') {
    const text = `${rate(answer.high ?? 0)} published: no load that was tried holds`;
    return { word: 'BELOW', style: 'red', text };
  }
  const low = answer.low ?? 0;
  if (answer.kind === 'at-least') {
    const why =
      answer.limit === 'generator'
        ? 'the generator could not offer more, so how much more the target carries is not known'
        : 'nothing beyond it was asked for (--to)';
    return {
      word: 'AT LEAST',
      style: answer.limit === 'generator' ? 'red' : 'yellow',
      text: `${rate(low)} published (load ${formatLoad(low)}), ${sure}: ${why}`,
    };
  }
  const high = answer.high ?? low;
  const done = answer.complete ? '' : '; the steps were used up before the borders were settled';
  return {
    word: 'CAPACITY',
    style: answer.complete ? 'green' : 'yellow',
    text: `${rate(low)} to ${rate(high)} published (load ${formatLoad(low)} to ${formatLoad(high)}), ${sure}${done}`,
  };
}

function standing({ answer, steps, publishesPerSecAtLoadOne: one }: CapacityRecord): string[] {
  if (answer === null) return [];
  const { holds, breaks } = answer;
  const lines: string[] = [];
  if (holds !== null) {
    const of = holds.holds + holds.breaks + holds.starved;
    lines.push(`holds   at ${formatRate(holds.load * one)} in ${holds.holds} of ${of}`);
  }
  if (breaks !== null) {
    const of = breaks.holds + breaks.breaks + breaks.starved;
    const why = steps.findLast(({ load, reason }) => load === breaks.load && reason !== '');
    lines.push(
      `breaks  at ${formatRate(breaks.load * one)} in ${breaks.breaks + breaks.starved} of ${of}, by ${why?.reason ?? ''}`,
    );
  }
  return lines;
}

/** What is timed: publishes with an answer, else deliveries. */
export function shownPath(step: CapacityStep): 'publish' | 'delivery' {
  return step.latency['publish.response'] === undefined ? 'delivery' : 'publish';
}

function formatLoad(load: number): string {
  return String(Number(load.toPrecision(3)));
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at < WIDTHS.length ? cell.padStart(WIDTHS[at]!) : `  ${cell}`))
    .join(' ')
    .trimEnd();
}
