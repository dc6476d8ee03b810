// Text for people. Figures keep three significant digits: the histograms have no more.

const DURATION_UNITS = [
  { unit: 'µs', us: 1 },
  { unit: 'ms', us: 1e3 },
  { unit: 's', us: 1e6 },
] as const;

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `812 µs`, `1.24 ms`, `12.3 s`, `1h 02m`: three digits in the unit that suits. */
export function formatDurationUs(us: number): string {
  const { number, unit } = durationParts(us);
  return unit === '' ? number : `${number} ${unit}`;
}

/** The same in two parts, for columns that align numbers and units apart. */
export function durationParts(us: number): { number: string; unit: string } {
  if (us < 0) {
    const parts = durationParts(-us);
    return { number: `-${parts.number}`, unit: parts.unit };
  }
  if (us >= 999.5e6) return { number: longDuration(us), unit: '' };
  for (const { unit, us: scale } of DURATION_UNITS) {
    const value = us / scale;
    if (value < 999.5 || unit === 's') {
      return { number: scale === 1 && us === 0 ? '0' : threeDigits(value, scale === 1), unit };
    }
  }
  return { number: String(us), unit: 'µs' };
}

/** `12,345,678`; fractions only below ten: `2.5`. */
export function formatCount(count: number): string {
  const rounded = Math.abs(count) < 10 ? Math.round(count * 100) / 100 : Math.round(count);
  const [whole = '0', fraction] = String(Math.abs(rounded)).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${rounded < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** `512 B`, `1.50 KiB`, `24.0 GiB`: powers of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < BYTE_UNITS.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 ? String(Math.round(value)) : threeDigits(value, false)} ${BYTE_UNITS[at]}`;
}

/** `5,000/s`; below a hundred with three digits: `0.333/s`, `12.5/s`. */
export function formatRate(perSec: number): string {
  if (perSec === 0 || Math.abs(perSec) >= 99.95) return `${formatCount(Math.round(perSec))}/s`;
  return `${String(Number(perSec.toPrecision(3)))}/s`;
}

/** A share as percent, `99.4 %`. A share that is not quite all (or nothing) never reads as all (or nothing). */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent > 99.9 && percent < 100)
    return percent < 99.995 ? `${floor(percent, 2)} %` : '> 99.99 %';
  if (percent > 0 && percent < 0.1) return percent >= 0.01 ? `${percent.toFixed(2)} %` : '< 0.01 %';
  return `${percent.toFixed(1)} %`;
}

/** `40 %`, of one core: CPU and loop figures, where tenths would only be noise. */
export function formatPercent(percent: number): string {
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

function threeDigits(value: number, whole: boolean): string {
  if (whole) return String(Math.round(value));
  if (value < 9.995) return value.toFixed(2);
  if (value < 99.95) return value.toFixed(1);
  return String(Math.round(value));
}

function longDuration(us: number): string {
  const totalSec = Math.round(us / 1e6);
  const hours = Math.floor(totalSec / 3600);
  const minutes = Math.floor((totalSec % 3600) / 60);
  const seconds = totalSec % 60;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}h ${two(minutes)}m` : `${minutes}m ${two(seconds)}s`;
}

function floor(value: number, decimals: number): string {
  const scale = 10 ** decimals;
  return (Math.floor(value * scale) / scale).toFixed(decimals);
}
