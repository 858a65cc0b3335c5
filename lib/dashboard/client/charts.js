import { byId, make, setText } from './dom.js';
import { formatCount, formatMs, formatRate } from './format.js';

/** @import { HistoryPoint } from '../history-point.js' */
/** @import uPlot from 'uplot' */

/** Its file is a classic script, which leaves one global. */
const { uPlot: Plot } = /** @type {{ uPlot: typeof uPlot }} */ (/** @type {unknown} */ (globalThis));

/**
 * @typedef {object} Line
 * @property {Exclude<keyof HistoryPoint, 'hitRates'>} key
 * @property {string} label
 * @property {string} color - a custom property of base.css.
 * @property {'solid' | 'dashed' | 'dotted'} [style]
 * @property {boolean} [thick]
 * @property {boolean} [filled]
 * @property {boolean} [dots] - seldom measured: each value is a point, and nothing is between two.
 * @property {boolean} [bars] - counts, drawn from the bottom and on a scale of their own.
 * @property {(value: number) => string} [format]
 */

/**
 * @typedef {object} ChartSpec
 * @property {string} title
 * @property {string} note
 * @property {string} nothing - said where no value is shown.
 * @property {(value: number) => string} format
 * @property {number} least - the vertical axis reaches at least that far.
 * @property {readonly Line[]} lines
 */

/** @type {Readonly<Record<string, ChartSpec>>} */
const CHARTS = {
  'chart-rate': {
    title: 'Validations',
    note: 'per second',
    nothing: 'No validations in this time.',
    format: formatRate,
    least: 1,
    lines: [
      { key: 'accepted', label: 'accepted', color: '--line-a', filled: true },
      { key: 'rejectedVerified', label: 'rejected, verified', color: '--line-warn' },
      { key: 'rejectedUnverified', label: 'rejected, not verified', color: '--line-c', style: 'dashed' },
      { key: 'undecided', label: 'undecided', color: '--line-bad', style: 'dotted' },
    ],
  },
  'chart-latency': {
    title: 'Latency of a validation',
    note: 'of accepted tokens',
    nothing: 'No token was accepted in this time.',
    format: formatMs,
    least: 0.1,
    lines: [
      { key: 'p50Ms', label: 'p50', color: '--line-a' },
      { key: 'p95Ms', label: 'p95', color: '--line-d', style: 'dashed' },
      { key: 'p99Ms', label: 'p99', color: '--text', style: 'dotted', thick: true },
    ],
  },
  'chart-upstream': {
    title: 'Answers of the providers',
    note: 'p95 of requests, and faults',
    nothing: 'Nothing had to be fetched in this time.',
    format: formatMs,
    least: 10,
    lines: [
      { key: 'upstreamP95Ms', label: 'p95', color: '--line-a', dots: true },
      { key: 'faults', label: 'faults', color: '--line-bad', bars: true, format: formatCount },
    ],
  },
};

const MIN_SPAN_SEC = 120;
const HEIGHT = 132;
const DASHES = { solid: undefined, dashed: [8, 4], dotted: [2, 4] };
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const TIME_SEC = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** All charts of the page, over one stretch of time; the pointer on one marks the moment on all. */
export function createCharts() {
  const charts = Object.entries(CHARTS).map(([id, spec]) => createChart(byId(id), spec));
  let last = /** @type {readonly HistoryPoint[]} */ ([]);
  // A canvas does not follow the scheme of the page by itself.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts) chart.rebuild(last);
  });
  return {
    /** @param {readonly HistoryPoint[]} points - oldest first. */
    update(points) {
      last = points;
      for (const chart of charts) chart.update(points);
    },
  };
}

/**
 * @param {HTMLElement} figure
 * @param {ChartSpec} spec
 */
function createChart(figure, spec) {
  const values = spec.lines.map(() => make('b', {}));
  const moment = make('span', { class: 'note' }, spec.note);
  const legend = make(
    'ul',
    { class: 'legend' },
    ...spec.lines.map(({ label, color, style = 'solid', thick, bars, dots }, index) => {
      const swatch = make('i', {
        class: `swatch ${bars === true ? 'bars' : dots === true ? 'dots' : style}${thick === true ? ' thick' : ''}`,
        'aria-hidden': 'true',
      });
      swatch.style.setProperty('--swatch', `var(${color})`);
      return make('li', {}, swatch, `${label} `, values[index] ?? '');
    }),
  );
  const plot = make('div', { class: 'plot', role: 'img' });
  const nothing = make('p', { class: 'empty', hidden: '' });
  figure.append(
    make('figcaption', {}, make('h3', {}, spec.title), moment),
    legend,
    make('div', { class: 'plot-box' }, plot, nothing),
  );

  /** @type {readonly HistoryPoint[]} */
  let points = [];
  /** @param {number | null | undefined} index */
  const tell = (index) => {
    const point = points[index ?? points.length - 1];
    setText(
      moment,
      typeof index === 'number' && point !== undefined ? `at ${TIME_SEC.format(point.atMs)}` : spec.note,
    );
    const texts = spec.lines.map(({ key, format = spec.format }) => {
      const value = point?.[key] ?? null;
      return value === null ? '–' : format(value);
    });
    for (const [line, text] of texts.entries()) if (values[line] !== undefined) setText(values[line], text);
    return texts;
  };

  let chart = build();
  new ResizeObserver(() => chart.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);
  return { update, rebuild };

  function build() {
    return new Plot(optionsOf(spec, plot.clientWidth || 320, tell), dataOf(spec, points), plot);
  }

  /** @param {readonly HistoryPoint[]} next */
  function rebuild(next) {
    chart.destroy();
    chart = build();
    update(next);
  }

  /** @param {readonly HistoryPoint[]} next */
  function update(next) {
    points = next;
    chart.setData(dataOf(spec, points));
    const texts = tell(chart.cursor.idx);
    const hasValues = spec.lines.some(({ key }) => points.some((point) => (point[key] ?? 0) > 0));
    nothing.hidden = hasValues;
    setText(nothing, points.length === 0 ? 'The first values come within five seconds.' : spec.nothing);
    const summary = spec.lines.map(({ label }, line) => `${label} ${texts[line] ?? '–'}`).join(', ');
    const from = points[0];
    const since = from === undefined ? '' : ` since ${TIME.format(from.atMs)}`;
    plot.setAttribute('aria-label', `${spec.title}, ${spec.note}${since}. Latest: ${summary}.`);
  }
}

/**
 * @param {ChartSpec} spec
 * @param {readonly HistoryPoint[]} points
 * @returns {uPlot.AlignedData}
 */
function dataOf({ lines }, points) {
  return [
    points.map(({ atMs }) => atMs / 1_000),
    ...lines.map(({ key }) => points.map((point) => point[key])),
  ];
}

/**
 * @param {ChartSpec} spec
 * @param {number} width
 * @param {(index: number | null | undefined) => void} tell
 * @returns {uPlot.Options}
 */
function optionsOf({ lines, format, least }, width, tell) {
  const style = getComputedStyle(document.documentElement);
  const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--muted'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'identity' }, points: { size: 7 } },
    hooks: { setCursor: [({ cursor }) => tell(cursor.idx)] },
    scales: {
      x: { time: true, range: ({ data: [moments] }) => spanOf(moments[0], moments[moments.length - 1]) },
      y: { range: (_, _min, max) => [0, Math.max(least, (max ?? 0) * 1.15)] },
      // Bars keep to the lower half, out of the way of lines.
      count: { range: (_, _min, max) => [0, Math.max(4, (max ?? 0) * 2)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 4,
        space: 64,
        values: (_, splits, __, ___, increment) =>
          splits.map((sec) => (increment < 60 ? TIME_SEC : TIME).format(sec * 1_000)),
      },
      {
        ...axis,
        size: 52,
        gap: 6,
        space: 34,
        values: (_, splits) => splits.map((value) => (value === 0 ? '0' : format(value))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, color(line.color), color('--surface')))],
  };
}

/**
 * @param {Line} line
 * @param {string} stroke
 * @param {string} surface
 * @returns {uPlot.Series}
 */
function seriesOf({ style = 'solid', thick, filled, bars, dots }, stroke, surface) {
  if (bars === true) {
    const paths = Plot.paths.bars?.({ size: [0.7, 8, 2] });
    return {
      stroke,
      fill: stroke,
      width: 0,
      scale: 'count',
      points: { show: false },
      ...(paths && { paths }),
    };
  }
  if (dots === true) {
    return {
      stroke,
      paths: () => null,
      points: { show: true, size: 7, width: 1.5, fill: stroke, stroke: surface },
    };
  }
  const dash = DASHES[style];
  return {
    stroke,
    width: thick === true ? 2.5 : 1.75,
    ...(dash && { dash }),
    ...(filled === true ? { fill: `${stroke}1f` } : {}),
    // A value alone between gaps has no line: it is shown as a point.
    points: { show: false, size: 5, width: 1, fill: stroke, stroke: surface, filter: isolated },
  };
}

/**
 * @param {uPlot} chart
 * @param {number} series
 */
function isolated(chart, series) {
  const values = Array.from(chart.data[series] ?? []);
  const isGap = (/** @type {number} */ index) => values[index] === null || values[index] === undefined;
  return values.flatMap((_, index) => (!isGap(index) && isGap(index - 1) && isGap(index + 1) ? [index] : []));
}

/**
 * What is known, and two minutes at least: a process that has just started shows no empty quarter of an hour.
 *
 * @param {number | undefined} first
 * @param {number | undefined} last
 * @returns {[number, number]}
 */
function spanOf(first, last = Date.now() / 1_000) {
  return [Math.min(first ?? last, last - MIN_SPAN_SEC), last];
}
