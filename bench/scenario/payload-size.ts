import { random } from '../schedule/mod.js';
import type { PayloadSize } from './payload-size-schema.js';
import type { TemplateValues } from './template.js';

/** Draws apart from those of schedules, of `%rand_N`, of fields and of `%RANDOM%`. */
const SIZE_DRAW = 0xe000_0000;

/**
 * Sizes of payloads: a draw from the seed for each message, the same for the same message.
 * @param frontBytes a part of the size that emqtt-bench's headers take
 */
export function sizeOf(size: PayloadSize, values: TemplateValues, frontBytes = 0): number {
  const draw = random(values.seed, SIZE_DRAW, values.sender, values.message);
  switch (size.kind) {
    case 'uniform':
      return size.min + Math.floor(draw * (size.max - size.min + 1));
    case 'choice':
      return chosen(size.choices, draw);
    case 'lognormal': {
      const second = random(values.seed, SIZE_DRAW + 1, values.sender, values.message);
      return lognormal(size, smallestSize(size, frontBytes), draw, second);
    }
  }
}

/** No message is smaller. A law without a smallest size has one where the measurement header just fits. */
export function smallestSize(size: PayloadSize, frontBytes = 0): number {
  if (size.kind === 'uniform') return size.min;
  if (size.kind === 'choice') return Math.min(...size.choices.map(([bytes]) => bytes));
  return Math.min(SMALLEST_LOGNORMAL + frontBytes, size.max);
}

const SMALLEST_LOGNORMAL = 16;

function chosen(choices: readonly (readonly [number, number])[], draw: number): number {
  let total = 0;
  for (const [, weight] of choices) total += weight;
  let left = draw * total;
  for (const [bytes, weight] of choices) {
    left -= weight;
    if (left < 0) return bytes;
  }
  return choices.at(-1)![0];
}

/**
 * exp(μ + σ·z) with z standard normal by Box and Muller, and μ = ln(mean) − σ²/2, so that the mean is the mean.
 * `max` cuts the tail off: the mean of what is sent is then a little lower. At the other end, 16 bytes have room
 * for the measurement header, behind those of emqtt-bench if there are any.
 */
function lognormal(
  { mean, sigma, max }: { mean: number; sigma: number; max: number },
  least: number,
  first: number,
  second: number,
): number {
  const z = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  const bytes = Math.exp(Math.log(mean) - (sigma * sigma) / 2 + sigma * z);
  return Math.min(max, Math.max(least, Math.round(bytes)));
}
