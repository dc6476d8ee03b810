import { z } from 'zod';
import { count, mapping } from './fields.js';

/** Sizes that differ from message to message. */
export type PayloadSize =
  | { kind: 'uniform'; min: number; max: number }
  /** Size and weight. */
  | { kind: 'choice'; choices: [number, number][] }
  | { kind: 'lognormal'; mean: number; sigma: number; max: number };

const POSITIVE = 'a number above 0';
const positive = z.number({ error: POSITIVE }).gt(0, POSITIVE).lte(1e9, POSITIVE);

const SIZE_EXPECTED =
  'a number of bytes, { min, max }, { choice: [[64, 0.9], [1024, 0.1]] } or { lognormal: { mean, sigma, max } }';

/** @param largest number of bytes in a payload */
export function payloadSize(largest: number) {
  const bytes = count(0, largest);
  const lognormal = mapping({ mean: count(1, largest), sigma: positive, max: bytes.optional() });
  return mapping({
    min: bytes.optional(),
    max: bytes.optional(),
    choice: z
      .array(z.tuple([bytes, positive]), { error: SIZE_EXPECTED })
      .min(1)
      .optional(),
    lognormal: lognormal.optional(),
  }).transform((raw, context): PayloadSize => {
    const { min, max, choice, lognormal: law } = raw;
    const kinds = [min ?? max, choice, law].filter((kind) => kind !== undefined).length;
    if (kinds === 1) {
      if (min !== undefined && max !== undefined && min <= max) {
        return { kind: 'uniform', min, max };
      }
      if (choice !== undefined) return { kind: 'choice', choices: choice };
      if (law !== undefined) return { kind: 'lognormal', ...law, max: law.max ?? largest };
    }
    context.issues.push({ code: 'custom', message: SIZE_EXPECTED, input: raw });
    return z.NEVER;
  });
}
