/**
 * What is timed, each by three clocks: the four message paths, `outage`, from a lost connection to a device
 * that is ready again, and `request`, from a request to its answer.
 */
export const PATHS = ['connect', 'subscribe', 'publish', 'delivery', 'outage', 'request'] as const;

/**
 * service: actual send → answer. response: intended → answer. lag: intended → actual send.
 * Only response times what a device waits for; lag is what the generator or a full window added to it.
 */
export const CLOCKS = ['service', 'response', 'lag'] as const;

export type Path = (typeof PATHS)[number];
export type Clock = (typeof CLOCKS)[number];
export type SeriesName = `${Path}.${Clock}`;

export const CONNECT = 0;
export const SUBSCRIBE = 1;
export const PUBLISH = 2;
export const DELIVERY = 3;
export const OUTAGE = 4;
export const REQUEST = 5;

export const SERVICE = 0;
export const RESPONSE = 1;
export const LAG = 2;

/** Names of the series; the index of a series is `path * 3 + clock`. */
export const SERIES: readonly SeriesName[] = PATHS.flatMap((path) =>
  CLOCKS.map((clock): SeriesName => `${path}.${clock}`),
);

/** The index of a series from its path and clock constants. */
export function seriesIndex(path: number, clock: number): number {
  return path * CLOCKS.length + clock;
}

/** Whether a text names one of the series. */
export function isSeriesName(text: string): text is SeriesName {
  return (SERIES as readonly string[]).includes(text);
}
