import { z } from 'zod';
import { DEFAULTS } from './defaults.js';
import { count, duration, flag, mapping, name, rate } from './fields.js';

/** The phases of a scenario: what happens when. */

const LOAD_EXPECTED = 'a load factor such as 1 or 0.5, or a straight line such as [0, 1]';
const factor = z.number({ error: LOAD_EXPECTED }).nonnegative(LOAD_EXPECTED);
const line = z
  .union([factor, z.tuple([factor, factor])], { error: LOAD_EXPECTED })
  .transform((raw) =>
    typeof raw === 'number' ? { from: raw, to: raw } : { from: raw[0], to: raw[1] },
  );
const load = z
  .union([line, z.record(z.string(), line)], {
    error: `${LOAD_EXPECTED}; or a mapping of group names to those`,
  })
  .transform((raw) =>
    isLine(raw) ? { kind: 'all' as const, line: raw } : { kind: 'byGroup' as const, lines: raw },
  );

function isLine(raw: LoadLine | Record<string, LoadLine>): raw is LoadLine {
  return typeof raw.from === 'number' && typeof raw.to === 'number';
}

/** A load factor that goes in a straight line over its phase (`from` = `to`: constant). */
export interface LoadLine {
  readonly from: number;
  readonly to: number;
}

/** What every phase has in which the streams run. */
const running = {
  name,
  duration,
  load: load.prefault(DEFAULTS.load),
  measure: flag.default(DEFAULTS.measure),
  whole: flag.optional(),
};

/** The groups that a phase is about; without it, all of them. */
const groups = z
  .array(name, { error: 'a list of group names' })
  .min(1, 'at least one group')
  .optional();

const level = z
  .number({ error: 'a load factor such as 1 or 0.5' })
  .nonnegative('a load factor such as 1 or 0.5');

const SHARE_EXPECTED = 'a share above 0 and up to 1, such as 0.1';
const share = z
  .number({ error: SHARE_EXPECTED })
  .positive(SHARE_EXPECTED)
  .max(1, SHARE_EXPECTED)
  .default(DEFAULTS.share);

const end = z.literal(['disconnect', 'cut'], { error: 'disconnect or cut' });

/** The duration in µs, and no key that the file left out. */
function inUs<T extends { duration: number; groups?: string[] | undefined }>({
  duration,
  groups,
  ...rest
}: T) {
  return {
    ...rest,
    durationUs: duration,
    ...(groups === undefined ? {} : { groups }),
  };
}

export const phase = z.discriminatedUnion(
  'kind',
  [
    mapping({ name, kind: z.literal('ramp'), timeout: duration.optional() }).transform(
      ({ timeout, ...rest }) => ({ ...rest, ...(timeout !== undefined && { timeoutUs: timeout }) }),
    ),
    mapping({ ...running, kind: z.literal('steady') }).transform(inUs),
    mapping({
      ...running,
      kind: z.literal('step'),
      from: level.default(DEFAULTS.stepFrom),
      to: level.default(DEFAULTS.stepTo),
      steps: count(1, 1000),
      groups,
    }).transform(inUs),
    mapping({
      ...running,
      kind: z.literal('spike'),
      peak: level,
      at: duration,
      width: duration,
      groups,
    }).transform(({ at, width, ...rest }) => ({ ...inUs(rest), atUs: at, widthUs: width })),
    mapping({
      ...running,
      kind: z.literal('sine'),
      low: level.default(DEFAULTS.sineLow),
      high: level.default(DEFAULTS.sineHigh),
      period: duration,
      groups,
    }).transform(({ period, ...rest }) => ({ ...inUs(rest), periodUs: period })),
    mapping({
      ...running,
      kind: z.literal('churn'),
      ratePerSec: rate,
      groups,
      share,
      offline: duration.prefault(DEFAULTS.offline),
      end: end.default(DEFAULTS.end),
    }).transform(({ offline, ...rest }) => ({ ...inUs(rest), offlineUs: offline })),
    mapping({
      ...running,
      kind: z.literal('storm'),
      groups,
      share,
      within: duration.prefault(DEFAULTS.stormWithin),
      end: end.default(DEFAULTS.stormEnd),
    }).transform(({ within, ...rest }) => ({ ...inUs(rest), withinUs: within })),
    mapping({
      name,
      kind: z.literal('drain'),
      duration: duration.prefault(DEFAULTS.drain),
    }).transform(inUs),
  ],
  { error: 'a kind of phase: ramp, steady, step, spike, sine, churn, storm or drain' },
);

export type Phase = z.output<typeof phase>;
/** A phase in which the streams run. */
export type RunningPhase = Exclude<Phase, { kind: 'ramp' | 'drain' }>;
