import type { TimelineCells } from '../../../storage/timeline-cells.js';
import { element, fill } from '../dom.js';
import { colour } from '../theme.js';
import type uPlot from '../vendor/uPlot.js';
import { axis, FONT, PlotPlace } from './canvas.js';
import { type CardText, createCard } from './card.js';
import { swatch, tooltip } from './tooltip.js';

/** What each worker did and when: a lane for each, as high in each column as it was busy. */

export interface TimelineOptions extends CardText {
  readonly empty: string;
  readonly formatSeconds: (seconds: number) => string;
  /** Asks for a part of the run; null for all of it. */
  readonly onWindow: (window: TimeSpan | null) => void;
}
export type TimeSpan = readonly [from: number, to: number];

export interface TimelineChart {
  readonly element: HTMLElement;
  show(timeline: TimelineCells): void;
}

const LANE = 46;
const AXES = 40;
/** How much of its lane a worker that is busy all the time fills. */
const LANE_FILL = 0.84;
/** With less than so many pixels for each iteration, names are short. */
const NARROW = 90;
/** Tasks in the order in which they get their colours. */
const TASKS = ['generate', 'grpo', 'update', 'score', 'vote', 'cluster', 'reward'];

export function timelineChart(options: TimelineOptions): TimelineChart {
  const card = createCard(options, true);
  let shown: Shown | null = null;
  let place: PlotPlace | null = null;
  const move = (change: (span: TimeSpan) => TimeSpan): void => {
    if (shown === null) return;
    const { from_seconds, to_seconds, seconds } = shown.timeline;
    const [from, to] = change([from_seconds, to_seconds]);
    const isAll = from <= 0 && to >= seconds;
    options.onWindow(isAll ? null : [Math.max(0, from), Math.min(seconds, to)]);
  };
  const controls = element(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'part of the run' },
    control('◀', 'earlier', () => move(([from, to]) => shifted([from, to], -Math.min(from, (to - from) / 2)))),
    control('▶', 'later', () => move(([from, to]) => shifted([from, to], (to - from) / 2))),
    control('+', 'closer', () => move(([from, to]) => [from + (to - from) / 4, to - (to - from) / 4])),
    control('−', 'farther', () => move(([from, to]) => [from - (to - from) / 2, to + (to - from) / 2])),
    control('all', 'the whole run', () => options.onWindow(null)),
  );
  card.plot.before(controls);
  card.plot.addEventListener('dblclick', () => options.onWindow(null));
  return {
    element: card.element,
    show: (timeline) => {
      const isEmpty = timeline.cells.length === 0 && timeline.seconds === 0;
      card.setEmpty(isEmpty ? options.empty : null);
      controls.hidden = isEmpty;
      if (isEmpty) return;
      const before = shown?.workers.length;
      shown = arrange(timeline);
      const { workers, tasks } = shown;
      if (place === null || before !== workers.length) {
        fill(card.plot);
        place = new PlotPlace(card.plot, workers.length * LANE + AXES);
      }
      fill(card.legend, ...tasks.map((task) => element('li', {}, swatch(`var(${colourOf(task)})`), task)));
      card.describe(summaryOf(shown, options), () => numbersOf(timeline));
      const now = (): Shown => shown ?? arrange(timeline);
      place.show(workers.join(), () => plotOptions(now, options), columnsOf(timeline));
    },
  };
}

interface Shown {
  readonly timeline: TimelineCells;
  readonly workers: readonly string[];
  readonly tasks: readonly string[];
  /** The cells of a column, by its number. */
  readonly columns: ReadonlyMap<number, TimelineCells['cells']>;
}

function arrange(timeline: TimelineCells): Shown {
  const columns = new Map<number, TimelineCells['cells'][number][]>();
  for (const cell of timeline.cells) {
    const cells = columns.get(cell.column);
    if (cells === undefined) columns.set(cell.column, [cell]);
    else cells.push(cell);
  }
  const workers = [...new Set(timeline.cells.map(({ worker }) => worker))].sort();
  const known = new Set(timeline.cells.map(({ task }) => task));
  const tasks = [...TASKS.filter((task) => known.has(task)), ...[...known].filter((task) => !TASKS.includes(task))];
  return { timeline, workers, tasks, columns };
}

/** The middle of each column, for the pointer to stop at. */
function columnsOf({ from_seconds, to_seconds, column_seconds }: TimelineCells): uPlot.AlignedData {
  const count = column_seconds === 0 ? 0 : Math.round((to_seconds - from_seconds) / column_seconds);
  const xs = Array.from({ length: count }, (_, column) => from_seconds + (column + 0.5) * column_seconds);
  return [xs, xs.map(() => 0)];
}

function plotOptions(shown: () => Shown, options: TimelineOptions): uPlot.Options {
  const lanes = (): readonly string[] => shown().workers;
  return {
    width: 0,
    height: 0,
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    scales: {
      x: { time: false, range: () => [shown().timeline.from_seconds, shown().timeline.to_seconds] },
      y: { dir: -1, range: () => [0, lanes().length] },
    },
    axes: [
      axis({ values: (_, splits) => splits.map(options.formatSeconds), size: 30, space: 70 }),
      axis({
        splits: () => lanes().map((_, lane) => lane + 0.5),
        values: () => [...lanes()],
        grid: { show: false },
        size: 70,
      }),
    ],
    series: [{}, { show: true, stroke: 'transparent', points: { show: false } }],
    hooks: {
      draw: [(plot) => drawLanes(plot, shown())],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const span: TimeSpan = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          options.onWindow(span);
        },
      ],
    },
    plugins: [tooltip((column) => tooltipText(shown(), options, column))],
  };
}

function drawLanes(plot: uPlot, { timeline, workers, tasks, columns }: Shown): void {
  const { ctx, bbox } = plot;
  const { from_seconds, column_seconds, iterations } = timeline;
  const laneHeight = bbox.height / workers.length;
  const tall = laneHeight * LANE_FILL;
  const colours = new Map(tasks.map((task) => [task, colour(colourOf(task))]));
  const taskOrder = new Map(tasks.map((task, order) => [task, order]));
  ctx.save();
  ctx.fillStyle = colour('--sunken');
  for (const lane of workers.keys())
    ctx.fillRect(bbox.left, bbox.top + lane * laneHeight + (laneHeight - tall) / 2, bbox.width, tall);
  const right = bbox.left + bbox.width;
  for (const [column, cells] of columns) {
    const start = plot.valToPos(from_seconds + column * column_seconds, 'x', true);
    const end = Math.min(right, plot.valToPos(from_seconds + (column + 1) * column_seconds, 'x', true));
    const grounds = workers.map((_, lane) => bbox.top + (lane + 0.5) * laneHeight + tall / 2);
    const ordered = cells.toSorted((a, b) => (taskOrder.get(a.task) ?? 0) - (taskOrder.get(b.task) ?? 0));
    for (const { worker, task, seconds } of ordered) {
      const lane = workers.indexOf(worker);
      const height = tall * Math.min(1, seconds / column_seconds);
      const ground = grounds[lane] ?? 0;
      ctx.fillStyle = colours.get(task) ?? '';
      ctx.fillRect(start, ground - height, end - start + 0.3, height);
      grounds[lane] = ground - height;
    }
  }
  ctx.fillStyle = colour('--muted');
  ctx.textAlign = 'left';
  const isNarrow = bbox.width / devicePixelRatio < NARROW * iterations.length;
  ctx.font = `${FONT.replace('12px', `${11 * devicePixelRatio}px`)}`;
  for (const { iteration, start_seconds } of iterations) {
    const x = plot.valToPos(start_seconds, 'x', true);
    if (iteration === 0 || x < bbox.left || x > right) continue;
    ctx.fillRect(x, bbox.top, devicePixelRatio, bbox.height);
    ctx.fillText(
      `${isNarrow ? 'it' : 'iteration'} ${iteration}`,
      x + 4 * devicePixelRatio,
      bbox.top + 10 * devicePixelRatio,
    );
  }
  ctx.restore();
}

function tooltipText({ timeline, columns }: Shown, { formatSeconds }: TimelineOptions, column: number) {
  const cells = columns.get(column);
  if (cells === undefined) return null;
  const { from_seconds, column_seconds } = timeline;
  return {
    heading: `at ${formatSeconds(from_seconds + column * column_seconds)}`,
    lines: cells.map(({ worker, task, seconds }) => ({
      colour: `var(${colourOf(task)})`,
      text: `${worker}: ${task} ${Math.round((100 * seconds) / column_seconds)} %`,
    })),
  };
}

function summaryOf({ timeline, workers }: Shown, { formatSeconds }: TimelineOptions): string {
  const { from_seconds, to_seconds, cells } = timeline;
  const shares = workers.map((worker) => {
    const busy = cells.filter((cell) => cell.worker === worker).reduce((sum, { seconds }) => sum + seconds, 0);
    return `${worker} busy ${Math.round((100 * busy) / (to_seconds - from_seconds))} %`;
  });
  return `from ${formatSeconds(from_seconds)} to ${formatSeconds(to_seconds)}, ${shares.join(', ')}`;
}

/** The window's seconds by worker and task: a row for each column would be no help to anyone. */
function numbersOf({ cells }: TimelineCells) {
  const sums = new Map<string, number>();
  for (const { worker, task, seconds } of cells) {
    const key = `${worker}\t${task}`;
    sums.set(key, (sums.get(key) ?? 0) + seconds);
  }
  return {
    heading: ['worker', 'task', 'seconds'],
    rows: [...sums].map(([key, seconds]) => [...key.split('\t'), seconds.toFixed(2)]),
  };
}

function colourOf(task: string): string {
  const known = TASKS.indexOf(task);
  return `--series-${known === -1 ? TASKS.length : known + 1}`;
}

function control(text: string, label: string, onPress: () => void): HTMLElement {
  const button = element('button', { type: 'button', 'aria-label': label, title: label }, text);
  button.addEventListener('click', onPress);
  return button;
}

function shifted([from, to]: TimeSpan, by: number): TimeSpan {
  return [from + by, to + by];
}
