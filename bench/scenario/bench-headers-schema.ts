import { z } from 'zod';

/**
 * What emqtt-bench's `--payload-hdrs` puts in front of a payload, 8 bytes each, big endian: `cnt64` counts the
 * messages of a publisher from 0, `ts` is the time of the send, ms since 1970.
 */
export const benchHeaders = z
  .array(z.literal(['cnt64', 'ts'], { error: 'cnt64 or ts' }), { error: 'a list of cnt64 and ts' })
  .min(1, 'cnt64, ts or both')
  .refine((names) => new Set(names).size === names.length, 'each of them once');

export type BenchHeader = z.output<typeof benchHeaders>[number];
