/** Numbers that only this report prints; the others are formatted as everywhere, by results/. */

/** A fixed number of decimals, thousands grouped. */
export function decimals(value: number, places: number): string {
  if (!Number.isFinite(value)) return 'unbounded';
  const [whole, rest] = Math.abs(value).toFixed(places).split('.');
  const digits = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? '−' : ''}${digits}${rest === undefined ? '' : `.${rest}`}`;
}

/** Three significant digits below 1,000, whole numbers above. */
export function magnitude(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return decimals(value, 0);
  return decimals(value, size >= 10 ? 1 : 2).replace(/\.?0+$/, '');
}

/** An error: `+1.2 %`, `−8.4 %`; beyond tenfold (of next to nothing) only that it is. */
export function signedPercent(share: number): string {
  const percent = share * 100;
  if (!(percent < 999)) return '> +999 %';
  return `${percent > 0 ? '+' : ''}${decimals(percent, Math.abs(percent) < 9.95 ? 1 : 0)} %`;
}

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const [size, unit] = steps.find(([least]) => Math.abs(value) >= least * 0.9995) ?? steps.at(-1)!;
  const shown = value / size;
  const places = Math.abs(shown) >= 99.95 ? 0 : Math.abs(shown) >= 9.995 ? 1 : 2;
  return `${decimals(shown, places)} ${unit}`;
}

/** CPU time of one event. */
export function cpuTime(seconds: number): string {
  if (seconds === 0) return '0 µs';
  return scaled(seconds, [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
    [1e-9, 'ns'],
  ]);
}

/** Network speed, in powers of 1,000. */
export function bitRate(bytesPerSec: number): string {
  if (bytesPerSec === 0) return '0 bit/s';
  return scaled(bytesPerSec * 8, [
    [1e12, 'Tbit/s'],
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
    [1, 'bit/s'],
  ]);
}

/** `broker process` → `broker processes`, `replicant` → `replicants`. */
export function plural(word: string): string {
  return word.endsWith('s') ? `${word}es` : `${word}s`;
}

export function counted(count: number, word: string): string {
  return `${decimals(count, 0)} ${count === 1 ? word : plural(word)}`;
}
