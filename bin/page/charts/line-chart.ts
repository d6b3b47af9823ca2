import { element, fill } from '../dom.js';
import { colour } from '../theme.js';
import type uPlot from '../vendor/uPlot.js';
import { axis, PlotPlace } from './canvas.js';
import { type CardText, createCard } from './card.js';
import { swatch, tooltip } from './tooltip.js';

/** Lines over a common x axis, with error bars where errors are known. */

export interface Point {
  readonly x: number;
  readonly y: number | null;
  /** Half the length of its error bar, one standard error; null where it is not known. */
  readonly error?: number | null;
}

export interface Line {
  readonly name: string;
  /** A colour of theme.css, such as `--series-1`. */
  readonly colour: string;
  /** Drawn broken: the second of a pair. */
  readonly dashed?: boolean;
  readonly points: readonly Point[];
}

export interface LineChartOptions extends CardText {
  readonly xName: string;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** What y can be at most and at least, where that is known: error bars reach no farther. */
  readonly yLimits?: readonly [number, number];
  /** Said while there are no points. */
  readonly empty: string;
  readonly height?: number;
  readonly wide?: boolean;
  /** Points are so many that lines are drawn without a spot at each. */
  readonly dense?: boolean;
}

export interface LineChart {
  readonly element: HTMLElement;
  /** Shows these lines; where there are `marks`, they alone stand at the x axis, each with a line across. */
  show(lines: readonly Line[], marks?: readonly Mark[]): void;
}

/** A place on the x axis by name, such as the first step of an iteration. */
export interface Mark {
  readonly x: number;
  readonly name: string;
}

export function lineChart(options: LineChartOptions): LineChart {
  const card = createCard(options, options.wide);
  const place = new PlotPlace(card.plot, options.height ?? 220);
  const hidden = new Set<string>();
  let shown: Shown = { lines: [], xs: [], marks: [] };

  const show = (lines: readonly Line[], marks: readonly Mark[] = []): void => {
    const known = lines.filter(({ points }) => points.some(({ y }) => y !== null));
    card.setEmpty(known.length === 0 ? options.empty : null);
    shown = align(known, marks);
    if (known.length === 0) return;
    fill(card.legend, ...known.map((line) => legendEntry(line)));
    card.describe(summaryOf(known, options), () => numbersOf(shown, options));
    const shape = JSON.stringify([
      marks.length > 0,
      known.map(({ name, colour, dashed }) => [name, colour, dashed, hidden.has(name)]),
    ]);
    place.show(shape, () => plotOptions(options, hidden, () => shown), dataOf(shown));
  };

  const legendEntry = (line: Line): HTMLElement => {
    const last = line.points.findLast(({ y }) => y !== null)?.y ?? null;
    const spot = swatch(`var(${line.colour})`);
    if (line.dashed === true) spot.classList.add('dashed');
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': String(!hidden.has(line.name)), title: 'show or hide' },
      spot,
      line.name,
      last === null ? null : element('b', {}, options.formatY(last)),
    );
    button.addEventListener('click', () => {
      if (!hidden.delete(line.name)) hidden.add(line.name);
      show(shown.lines, shown.marks);
    });
    return element('li', {}, button);
  };

  return { element: card.element, show };
}

interface Shown {
  readonly lines: readonly Line[];
  /** The x of all points, ascending. */
  readonly xs: readonly number[];
  readonly marks: readonly Mark[];
}

function align(lines: readonly Line[], marks: readonly Mark[]): Shown {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  return { lines, xs, marks };
}

function dataOf({ lines, xs }: Shown): uPlot.AlignedData {
  const columns = lines.map(({ points }) => {
    const byX = new Map(points.map(({ x, y }) => [x, y]));
    return xs.map((x) => byX.get(x)); // undefined: another line's x, which breaks no line; null: a gap
  });
  return [[...xs], ...columns];
}

function plotOptions(options: LineChartOptions, hidden: ReadonlySet<string>, shown: () => Shown): uPlot.Options {
  const { lines } = shown();
  return {
    width: 0,
    height: 0,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_, min, max) => padded(min, max) },
      y: { range: () => yRange(shown(), hidden, options.yLimits) },
    },
    axes: [
      axis({
        ...(shown().marks.length === 0 ? {} : { splits: () => shown().marks.map(({ x }) => x) }),
        values: (_, splits) =>
          splits.map(
            (x) => shown().marks.find((mark) => mark.x === x)?.name ?? (Number.isInteger(x) ? options.formatX(x) : ''),
          ),
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
        space: 44,
        size: 30,
      }),
      axis({ values: (_, splits) => splits.map((y) => options.formatY(y).replace(/\.0$/, '')), size: 52, space: 32 }),
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        show: !hidden.has(line.name),
        stroke: colour(line.colour),
        width: 2,
        ...(line.dashed === true ? { dash: [6, 4] } : {}),
        points: { show: options.dense !== true || line.points.length < 30, size: 6, fill: colour(line.colour) },
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, shown().marks)],
      draw: [(plot) => drawErrors(plot, shown().lines, hidden)],
    },
    plugins: [tooltip((index) => tooltipText(shown(), hidden, options, index))],
  };
}

/** One point alone stands in the middle. */
function padded(min: number | null, max: number | null): [number, number] {
  const [low, high] = [min ?? 0, max ?? 1];
  const room = high === low ? 1 : (high - low) * 0.04;
  return [low - room, high + room];
}

/** Wide enough for the error bars too, and from 0 where nothing lies below it and 0 is near. */
function yRange(
  { lines }: Shown,
  hidden: ReadonlySet<string>,
  limits: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
): [number, number] {
  const values = lines
    .filter(({ name }) => !hidden.has(name))
    .flatMap(({ points }) =>
      points.flatMap(({ y, error }) => (y === null ? [] : [y - (error ?? 0), y + (error ?? 0)])),
    );
  if (values.length === 0) return [0, 1];
  // Not by spreading into Math.min: a long run has more points than a call takes arguments.
  const low = Math.max(
    limits[0],
    values.reduce((a, b) => Math.min(a, b)),
  );
  const high = Math.min(
    limits[1],
    values.reduce((a, b) => Math.max(a, b)),
  );
  const room = high === low ? Math.abs(high) * 0.05 || 0.05 : (high - low) * 0.08;
  return [low >= 0 && low - room < 0 ? -room / 4 : low - room, high + room];
}

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour('--line');
  ctx.setLineDash([4, 4]);
  for (const mark of marks) {
    const x = Math.round(plot.valToPos(mark.x, 'x', true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function drawErrors(plot: uPlot, lines: readonly Line[], hidden: ReadonlySet<string>): void {
  const { ctx } = plot;
  const cap = 4 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const line of lines) {
    if (hidden.has(line.name)) continue;
    ctx.strokeStyle = colour(line.colour);
    for (const { x, y, error } of line.points) {
      if (y === null || error === null || error === undefined) continue;
      const [at, low, high] = [
        plot.valToPos(x, 'x', true),
        plot.valToPos(y - error, 'y', true),
        plot.valToPos(y + error, 'y', true),
      ];
      ctx.beginPath();
      ctx.moveTo(at, low);
      ctx.lineTo(at, high);
      for (const end of [low, high]) {
        ctx.moveTo(at - cap, end);
        ctx.lineTo(at + cap, end);
      }
      ctx.stroke();
    }
  }
  ctx.restore();
}

function tooltipText({ lines, xs }: Shown, hidden: ReadonlySet<string>, options: LineChartOptions, index: number) {
  const x = xs[index];
  if (x === undefined) return null;
  const said = lines.flatMap((line) => {
    const point = line.points.find((each) => each.x === x);
    if (hidden.has(line.name) || point === undefined || point.y === null) return [];
    return [{ colour: `var(${line.colour})`, text: `${line.name} ${formatPoint(point, options)}` }];
  });
  return said.length === 0 ? null : { heading: `${options.xName} ${options.formatX(x)}`, lines: said };
}

function formatPoint({ y, error }: Point, { formatY }: LineChartOptions): string {
  if (y === null) return '-';
  return error === null || error === undefined ? formatY(y) : `${formatY(y)} ±${formatY(error)}`;
}

function summaryOf(lines: readonly Line[], options: LineChartOptions): string {
  return lines
    .map(({ name, points }) => {
      const known = points.filter(({ y }) => y !== null);
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return name;
      const from = formatPoint(first, options);
      return first === last ? `${name} ${from}` : `${name} from ${from} to ${formatPoint(last, options)}`;
    })
    .join('; ');
}

function numbersOf({ lines, xs }: Shown, options: LineChartOptions) {
  const columns = lines.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  return {
    heading: [options.xName, ...lines.map(({ name }) => name)],
    rows: xs.map((x) => [
      options.formatX(x),
      ...columns.map((column) => {
        const point = column.get(x);
        return point === undefined ? '-' : formatPoint(point, options);
      }),
    ]),
  };
}
