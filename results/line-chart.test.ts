import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chartsSvg } from './line-chart.js';

const CHART = {
  title: 'a < b & c',
  x: 'nodes',
  y: 'ms',
  series: [
    {
      name: 'one',
      points: [
        { x: 1, y: 10, low: 8, high: 12 },
        { x: 3, y: 20 },
      ],
    },
    { name: 'a single point', points: [{ x: 2, y: 5 }] },
  ],
};

/** Centres of the marks, by the order of the points. */
function marks(svg: string): [number, number][] {
  return [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
}

describe('a chart', () => {
  it('has a mark for each point, to scale from 0', () => {
    const found = marks(chartsSvg([CHART]));
    assert.equal(found.length, 3);
    const [ten, twenty, five] = [found[0]!, found[1]!, found[2]!];
    const perUnit = (ten[1] - twenty[1]) / 10;
    assert.ok(perUnit > 0, 'more is higher');
    assert.ok(Math.abs(five[1] - ten[1] - 5 * perUnit) < 0.2);
    assert.ok(Math.abs((ten[0] + twenty[0]) / 2 - five[0]) < 0.2, 'x to scale');
    const zero = ten[1] + 10 * perUnit;
    assert.match(chartsSvg([CHART]), new RegExp(`M80 ${zero.toFixed(1)}H`), 'a line at 0');
  });

  it('escapes text, and stands beside the next one', () => {
    const svg = chartsSvg([CHART, CHART]);
    assert.match(svg, /a &lt; b &amp; c/);
    assert.match(svg, /^<svg [^>]*width="940"/);
    assert.equal(marks(svg).length, 6);
  });

  it('shows factors as equal heights on a logarithmic scale', () => {
    const points = [1, 10, 100].map((y) => ({ x: y, y }));
    const series = [{ name: 'one', points }];
    const found = marks(chartsSvg([{ ...CHART, series, scale: 'log', xTicks: 'round' }]));
    const [first, second, third] = [found[0]!, found[1]!, found[2]!];
    assert.ok(first[1] > second[1]);
    assert.ok(Math.abs(first[1] - second[1] - (second[1] - third[1])) < 0.2);
  });

  it('shades a band to scale, draws a bound across, and has colours for dark surroundings', () => {
    const band = { from: 1, to: 3, name: 'between' };
    const svg = chartsSvg([{ ...CHART, band, bound: { y: 15, name: 'y < 15' } }]);
    const [, at, width] = /class="band" x="([\d.]+)" y="\d+" width="([\d.]+)"/.exec(svg) ?? [];
    const [first, last] = [marks(svg)[0]!, marks(svg)[1]!];
    assert.ok(Math.abs(Number(at) - first[0]) < 0.2);
    assert.ok(Math.abs(Number(at) + Number(width) - last[0]) < 0.2);
    assert.match(svg, /y &lt; 15/);
    assert.match(svg, /prefers-color-scheme:dark/);
  });
});
