/** One line of a chart, in the order of x. */
export interface Series {
  name: string;
  points: readonly { x: number; y: number; low?: number; high?: number }[];
}

export interface Chart {
  title: string;
  x: string;
  y: string;
  series: readonly Series[];
  /** Height above 0, or by the logarithm: then y must be above 0. */
  scale?: 'linear' | 'log';
  /** At each value that has a point, or at round numbers. */
  xTicks?: 'values' | 'round';
  /** How a value on the y axis reads; with thousands separated if it is left out. */
  format?: (value: number) => string;
  /** A stretch of x with its name, shaded. */
  band?: { from: number; to: number; name: string };
  /** A value of y with its name, as a line across. */
  bound?: { y: number; name: string };
  width?: number;
}

const WIDTH = 470;
const HEIGHT = 330;
const LEFT = 80;
const RIGHT = 16;
const TOP = 40;
const INSET = 14;
const LEGEND_LINE = 17;
const DASHES = ['', '7 3', '2 3', '9 3 2 3'];
/**
 * Colours in a style of their own, for light and for dark surroundings. Lines are told apart with any colour
 * vision (Okabe and Ito, lighter where it is dark), and by their dashes in black and white.
 */
const STYLE = `<style>
svg{--back:#fff;--ink:#222;--grid:#ddd;--band:#0072b21f;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7}
@media(prefers-color-scheme:dark){svg{--back:#16181d;--ink:#d8dade;--grid:#3a3d44;--band:#56b4e92e;--s0:#56b4e9;--s1:#f0884a;--s2:#2fc49b;--s3:#e3a5c7}}
text{fill:var(--ink)}.back{fill:var(--back)}.grid{stroke:var(--grid)}.band{fill:var(--band)}.bound{stroke:var(--ink);stroke-dasharray:5 4;opacity:.7}
.s0,.s1,.s2,.s3{stroke:var(--c);fill:var(--c)}.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.line{fill:none;stroke-width:2}
</style>`;

/** Charts side by side as one SVG; bars show lowest and highest of the repeats. */
export function chartsSvg(charts: readonly Chart[]): string {
  const lines = Math.max(...charts.map(({ series }) => series.length));
  const height = HEIGHT + lines * LEGEND_LINE;
  const widths = charts.map(widthOf);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const starts = widths.map((_, at) => widths.slice(0, at).reduce((sum, each) => sum + each, 0));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(charts.map(({ title }) => title).join('; '))}</title>`,
    STYLE,
    `<rect class="back" width="${width}" height="${height}"/>`,
    ...charts.map((chart, at) => `<g transform="translate(${starts[at]} 0)">${drawn(chart)}</g>`),
    '</svg>',
    '',
  ].join('\n');
}

function drawn(chart: Chart): string {
  const { title, x, y, series, band, bound, format = label } = chart;
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const xFrom = Math.min(...xs, band?.from ?? Number.POSITIVE_INFINITY);
  const xTo = Math.max(...xs, band?.to ?? Number.NEGATIVE_INFINITY);
  const bottom = HEIGHT - 46;
  const right = widthOf(chart) - RIGHT;
  const atX = (value: number): string =>
    (LEFT + INSET + ((value - xFrom) / (xTo - xFrom || 1)) * (right - LEFT - 2 * INSET)).toFixed(1);
  const ys = points.flatMap((point) => [point.low ?? point.y, point.high ?? point.y]);
  const axis = (chart.scale === 'log' ? logAxis : linearAxis)(
    bound === undefined ? ys : [...ys, bound.y],
  );
  const atY = (value: number): string => (bottom - axis.share(value) * (bottom - TOP)).toFixed(1);
  const parts = [
    `<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
  ];
  if (band !== undefined) {
    const [from, to] = [Number(atX(band.from)), Number(atX(band.to))];
    parts.push(
      `<rect class="band" x="${from}" y="${TOP}" width="${Math.max(1, to - from).toFixed(1)}" height="${bottom - TOP}"/>`,
      `<text x="${Math.min(to, right)}" y="${TOP - 5}" text-anchor="end">${escaped(band.name)}</text>`,
    );
  }
  for (const tick of axis.ticks) {
    parts.push(
      `<path class="grid" d="M${LEFT} ${atY(tick)}H${right}"/>`,
      `<text x="${LEFT - 6}" y="${Number(atY(tick)) + 4}" text-anchor="end">${escaped(format(tick))}</text>`,
    );
  }
  for (const tick of chart.xTicks === 'round' ? roundTicks(xFrom, xTo) : xs) {
    const text = chart.xTicks === 'round' ? label(tick) : String(tick);
    parts.push(`<text x="${atX(tick)}" y="${bottom + 18}" text-anchor="middle">${text}</text>`);
  }
  if (bound !== undefined) {
    parts.push(
      `<path class="bound" d="M${LEFT} ${atY(bound.y)}H${right}"/>`,
      `<text x="${LEFT + 4}" y="${Number(atY(bound.y)) - 5}">${escaped(bound.name)}</text>`,
    );
  }
  series.forEach((each, index) => {
    const dash = DASHES[index % DASHES.length]!;
    const colour = `s${index % DASHES.length}`;
    const line = each.points.map((point) => `${atX(point.x)} ${atY(point.y)}`).join('L');
    const dashed = `class="${colour} line" stroke-dasharray="${dash}"`;
    parts.push(`<path d="M${line}" ${dashed}/>`);
    for (const point of each.points) {
      const { low = point.y, high = point.y } = point;
      parts.push(
        `<path class="${colour}" d="M${atX(point.x)} ${atY(low)}V${atY(high)}"/>`,
        `<circle cx="${atX(point.x)}" cy="${atY(point.y)}" r="3.5" class="${colour}"/>`,
      );
    }
    const legendY = HEIGHT + 4 + index * LEGEND_LINE;
    parts.push(
      `<path d="M${LEFT} ${legendY}h28" ${dashed}/>`,
      `<text x="${LEFT + 34}" y="${legendY + 4}">${escaped(each.name)}</text>`,
    );
  });
  return parts.join('\n');
}

interface Axis {
  ticks: readonly number[];
  /** 0 at the foot of the axis, 1 at its head. */
  share(value: number): number;
}

/** From 0. */
function linearAxis(values: readonly number[]): Axis {
  const highest = Math.max(...values);
  const step = stepFor(highest);
  const to = step * Math.ceil(highest / step);
  return { ticks: steps(0, to, step), share: (value) => value / to };
}

/** From the power of ten below to the round number above: 1, 2 or 5 times a power of ten. */
function logAxis(values: readonly number[]): Axis {
  const lowest = Math.floor(Math.log10(Math.min(...values)));
  const highest = Math.max(...values);
  const powers = Array.from(
    { length: Math.ceil(Math.log10(highest)) - lowest + 1 },
    (_, at) => 10 ** (lowest + at),
  );
  const rounds = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const to = rounds.find((round) => round >= highest * (1 - 1e-9)) ?? highest;
  const ticks = (powers.length > 3 ? powers : rounds).filter((tick) => tick <= to * (1 + 1e-9));
  const span = Math.log10(to) - lowest || 1;
  return { ticks, share: (value) => (Math.log10(value) - lowest) / span };
}

function roundTicks(from: number, to: number): number[] {
  const step = stepFor(to - from);
  return steps(step * Math.ceil(from / step), to, step);
}

function steps(from: number, to: number, step: number): number[] {
  const ticks: number[] = [];
  for (let at = 0; from + at * step <= to + step * 1e-6; at += 1) ticks.push(from + at * step);
  return ticks;
}

/** 1, 2 or 5 times a power of ten, so that four to ten of them reach the highest. */
function stepFor(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 4 || 1));
  const times = [1, 2, 5, 10].find((each) => highest / (each * power) <= 8);
  return power * (times ?? 10);
}

function widthOf({ width }: Chart): number {
  return width ?? WIDTH;
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
