/**
 * The spellings of the edge (`30s`, `10k`, `50/s`) and the numbers inside (µs, counts, per
 * second). Every reader returns undefined for what it does not understand; every writer gives a
 * spelling that its reader takes back to the same number.
 */

const US_PER_UNIT = new Map([
  ['us', 1],
  ['µs', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
  ['m', 60_000_000],
  ['h', 3_600_000_000],
  ['d', 86_400_000_000],
]);

const DURATION = /^(?:\d+(?:\.\d+)?(?:us|µs|ms|s|m|h|d)\s*)+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)/g;

/** `30s`, `1m30s`, `1.5h`, `0` → whole µs. A bare number other than 0 has no unit: undefined. */
export function readDurationUs(text: string | number): number | undefined {
  const spelled = String(text).trim();
  if (spelled === '0') return 0;
  if (!DURATION.test(spelled)) return undefined;
  let sumUs = 0;
  for (const [, amount, unit] of spelled.matchAll(DURATION_PART)) {
    sumUs += Number(amount) * US_PER_UNIT.get(unit!)!;
  }
  const wholeUs = Math.round(sumUs);
  return Number.isSafeInteger(wholeUs) ? wholeUs : undefined;
}

/** µs → the largest single unit that holds it in whole numbers. */
export function writeDuration(durationUs: number): string {
  if (durationUs === 0) return '0s';
  for (const unit of ['h', 'm', 's', 'ms']) {
    const unitUs = US_PER_UNIT.get(unit)!;
    if (durationUs % unitUs === 0) return `${durationUs / unitUs}${unit}`;
  }
  return `${durationUs}us`;
}

const COUNT = /^(\d+(?:\.\d+)?)([km]?)$/i;

/** `10k`, `1.5m`, `200` → a whole number; k is a thousand, m a million. */
export function readCount(text: string | number): number | undefined {
  const match = COUNT.exec(String(text).trim());
  if (!match) return undefined;
  const factor = { k: 1_000, m: 1_000_000 }[match[2]!.toLowerCase()] ?? 1;
  const count = Number(match[1]) * factor;
  const whole = Math.round(count);
  return Math.abs(count - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : undefined;
}

const RATE = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)([km]?)(?:\/(s|m|h))?$/i;

/** `50/s`, `5k/s`, `90/m` (a minute), `5000` → per second. */
export function readRatePerSec(text: string | number): number | undefined {
  const match = RATE.exec(String(text).trim());
  if (!match) return undefined;
  const factor = { k: 1_000, m: 1_000_000 }[match[2]!.toLowerCase()] ?? 1;
  const seconds = { m: 60, h: 3600 }[(match[3] ?? 's').toLowerCase()] ?? 1;
  const rate = (Number(match[1]) * factor) / seconds;
  return Number.isFinite(rate) ? rate : undefined;
}
