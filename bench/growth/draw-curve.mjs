// A curve as SVG text, with its medians.
import { drawChart } from '../support/svg-chart.mjs';

const LEGEND = 300;
const STEPS = 5;

/** @param {import('./curve.mjs').Curve} curve */
export function drawCurve({ title, x, y, series }) {
  const places = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))];
  const most = Math.max(...series.flatMap(({ points }) => points.map((point) => point.y.median)));
  const step = niceStep(most / STEPS);
  return drawChart({
    title,
    x: { label: x, log: true, ticks: places.toSorted((a, b) => a - b) },
    y: { label: y, ticks: Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step) },
    series: series.map(({ name, points }) => ({
      name,
      points: points.map((point) => /** @type {const} */ ([point.x, point.y.median])),
    })),
    legend: LEGEND,
  });
}

/** The next of 1, 2, 5, 10, 20, … @param {number} least */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}
