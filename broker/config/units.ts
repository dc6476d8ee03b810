/** The spellings of durations and sizes in a config. Both readers give undefined for what they do not understand. */

const MS_PER_UNIT = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/i;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gi;

/** `15s`, `1h30m`, `200ms`, `0` → whole ms. Another bare number has no unit: undefined. */
export function readDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    sumMs += Number(amount) * MS_PER_UNIT.get(unit!.toLowerCase())!;
  }
  const wholeMs = Math.round(sumMs);
  return Number.isSafeInteger(wholeMs) ? wholeMs : undefined;
}

const BYTES_PER_UNIT = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
]);

/** `16KB`, `1MB`, `1.5GB`, `4096` → bytes; K, M and G are powers of 1024, as in EMQX. */
export function readBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kmg]?b)?$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * BYTES_PER_UNIT.get((match[2] ?? '').toLowerCase())!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
