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
}

const WIDTH = 470;
const HEIGHT = 330;
const LEFT = 80;
const RIGHT = 16;
const TOP = 40;
const LEGEND_LINE = 17;
/** Told apart with any colour vision (Okabe and Ito), and by their marks in black and white. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];
const DASHES = ['', '7 3', '2 3', '9 3 2 3'];

/** Charts side by side as one SVG; y begins at 0, bars show lowest and highest of the repeats. */
export function chartsSvg(charts: readonly Chart[]): string {
  const lines = Math.max(...charts.map(({ series }) => series.length));
  const height = HEIGHT + lines * LEGEND_LINE;
  const width = WIDTH * charts.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<title>${escaped(charts.map(({ title }) => title).join('; '))}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...charts.map(
      (chart, index) => `<g transform="translate(${index * WIDTH} 0)">${drawn(chart)}</g>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

function drawn({ title, x, y, series }: Chart): string {
  const points = series.flatMap((each) => each.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const [xFrom, xTo] = [Math.min(...xs), Math.max(...xs)];
  const step = stepFor(Math.max(...points.map((point) => point.high ?? point.y)));
  const yTo = step * Math.ceil(Math.max(...points.map((p) => p.high ?? p.y)) / step);
  const bottom = HEIGHT - 46;
  const right = WIDTH - RIGHT;
  const atX = (value: number): string =>
    (LEFT + 14 + ((value - xFrom) / (xTo - xFrom || 1)) * (right - LEFT - 28)).toFixed(1);
  const atY = (value: number): string => (bottom - (value / yTo) * (bottom - TOP)).toFixed(1);
  const parts = [
    `<text x="${LEFT}" y="20" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>`,
    `<text transform="translate(14 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y)}</text>`,
  ];
  for (let tick = 0; tick <= yTo + step / 2; tick += step) {
    parts.push(
      `<path d="M${LEFT} ${atY(tick)}H${right}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${Number(atY(tick)) + 4}" text-anchor="end">${label(tick)}</text>`,
    );
  }
  for (const tick of xs) {
    parts.push(`<text x="${atX(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`);
  }
  series.forEach((each, index) => {
    const colour = COLOURS[index % COLOURS.length]!;
    const dash = DASHES[index % DASHES.length]!;
    const line = each.points.map((point) => `${atX(point.x)} ${atY(point.y)}`).join('L');
    const stroke = `stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"`;
    parts.push(`<path d="M${line}" fill="none" ${stroke}/>`);
    for (const point of each.points) {
      const { low = point.y, high = point.y } = point;
      parts.push(
        `<path d="M${atX(point.x)} ${atY(low)}V${atY(high)}" stroke="${colour}"/>`,
        `<circle cx="${atX(point.x)}" cy="${atY(point.y)}" r="3.5" fill="${colour}"/>`,
      );
    }
    const legendY = HEIGHT + 4 + index * LEGEND_LINE;
    parts.push(
      `<path d="M${LEFT} ${legendY}h28" fill="none" ${stroke}/>`,
      `<text x="${LEFT + 34}" y="${legendY + 4}">${escaped(each.name)}</text>`,
    );
  });
  return parts.join('\n');
}

/** 1, 2 or 5 times a power of ten, so that four to ten of them reach the highest. */
function stepFor(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 4 || 1));
  const times = [1, 2, 5, 10].find((each) => highest / (each * power) <= 8);
  return power * (times ?? 10);
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
