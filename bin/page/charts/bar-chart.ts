import { element, fill } from '../dom.js';
import { colour } from '../theme.js';
import uPlot from '../vendor/uPlot.js';
import { axis, PlotPlace } from './canvas.js';
import { type CardText, createCard } from './card.js';
import { swatch, tooltip } from './tooltip.js';

/** Bars, each of parts that stand on one another. */

export interface Bar {
  readonly x: number;
  /** As many as there are parts. */
  readonly values: readonly number[];
}

export interface BarPart {
  readonly name: string;
  /** A colour of theme.css. */
  readonly colour: string;
}

export interface BarChartOptions extends CardText {
  readonly xName: string;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  readonly empty: string;
  readonly height?: number;
  readonly wide?: boolean;
  /** The highest that a bar can be, where that is known. */
  readonly yTop?: number;
  /** Called for the bar that was chosen by pointer or Enter. */
  readonly onChoose?: (x: number) => void;
}

export interface BarContent {
  readonly parts: readonly BarPart[];
  readonly bars: readonly Bar[];
  /** Distance of neighbours on the x axis. */
  readonly step: number;
  /** The ends of the x axis; null to fit the bars. */
  readonly xEnds: readonly [number, number] | null;
  /** A part of the x axis with its name, drawn behind the bars. */
  readonly band: { readonly low: number; readonly high: number; readonly name: string } | null;
}

export interface BarChart {
  readonly element: HTMLElement;
  show(content: BarContent): void;
}

export function barChart(options: BarChartOptions): BarChart {
  const card = createCard(options, options.wide);
  const place = new PlotPlace(card.plot, options.height ?? 220);
  let shown: BarContent = { parts: [], bars: [], step: 1, xEnds: null, band: null };
  const choose = (): void => {
    const bar = shown.bars[place.chart?.cursor.idx ?? -1];
    if (bar !== undefined) options.onChoose?.(bar.x);
  };
  if (options.onChoose !== undefined) {
    card.plot.classList.add('can-choose');
    card.plot.addEventListener('click', choose);
    card.plot.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') choose();
    });
  }
  return {
    element: card.element,
    show: (content) => {
      const isEmpty = content.bars.length === 0;
      card.setEmpty(isEmpty ? options.empty : null);
      shown = content;
      if (isEmpty) return;
      fill(card.legend, ...legendOf(content));
      card.describe(summaryOf(content, options), () => ({
        heading: [options.xName, ...content.parts.map(({ name }) => name)],
        rows: content.bars.map(({ x, values }) => [options.formatX(x), ...values.map(options.formatY)]),
      }));
      const shape = JSON.stringify([content.parts, content.step]);
      place.show(shape, () => plotOptions(options, () => shown), dataOf(content));
    },
  };
}

/** The tallest part first: each is drawn from the ground up to its top, and the next one over it. */
function dataOf({ bars, parts }: BarContent): uPlot.AlignedData {
  const top = (values: readonly number[], part: number): number =>
    values.slice(0, part + 1).reduce((sum, value) => sum + value, 0);
  const columns = parts.map((_, part) => bars.map(({ values }) => top(values, part))).reverse();
  return [bars.map(({ x }) => x), ...columns];
}

function plotOptions(options: BarChartOptions, shown: () => BarContent): uPlot.Options {
  const { parts, step } = shown();
  const paths = uPlot.paths.bars?.({ size: [0.82, 64] });
  return {
    width: 0,
    height: 0,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: {
        time: false,
        range: (_, min, max) => {
          const [low, high] = shown().xEnds ?? [min ?? 0, max ?? 1];
          return [low - step * 0.6, high + step * 0.6];
        },
      },
      y: { range: (_, _min, max) => [0, options.yTop ?? (max ?? 1) * 1.08] },
    },
    axes: [
      axis({
        values: (_, splits) => splits.map(options.formatX),
        grid: { show: false },
        space: 44,
        size: 30,
        ...marks(step),
      }),
      axis({ values: (_, splits) => splits.map(options.formatY), size: 52, space: 32 }),
    ],
    series: [
      {},
      ...parts.toReversed().map((part) => ({
        label: part.name,
        fill: colour(part.colour),
        width: 0,
        points: { show: false },
        ...(paths === undefined ? {} : { paths }),
      })),
    ],
    hooks: { drawClear: [(plot) => drawBand(plot, shown().band)] },
    plugins: [tooltip((index) => tooltipText(shown(), options, index))],
  };
}

/** Whole steps only, where bars stand at whole numbers. */
function marks(step: number): uPlot.Axis {
  return step === 1 ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] } : {};
}

function drawBand(plot: uPlot, band: BarContent['band']): void {
  if (band === null) return;
  const { ctx, bbox } = plot;
  const [left, right] = [plot.valToPos(band.low, 'x', true), plot.valToPos(band.high, 'x', true)];
  ctx.save();
  ctx.fillStyle = colour('--band');
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
  ctx.fillStyle = colour('--good');
  for (const edge of [left, right]) ctx.fillRect(edge - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
  ctx.restore();
}

function legendOf({ parts, bars, band }: BarContent): readonly HTMLElement[] {
  const entries = parts.map(({ name, colour }, part) => {
    const sum = bars.reduce((total, { values }) => total + (values[part] ?? 0), 0);
    const isCount = Number.isInteger(sum);
    return element(
      'li',
      {},
      swatch(`var(${colour})`),
      name,
      isCount ? element('b', {}, sum.toLocaleString('en-US')) : null,
    );
  });
  if (band === null) return entries;
  return [...entries, element('li', {}, swatch('var(--band)'), `${band.name} ${band.low} to ${band.high}`)];
}

function tooltipText({ parts, bars }: BarContent, options: BarChartOptions, index: number) {
  const bar = bars[index];
  if (bar === undefined) return null;
  return {
    heading: `${options.xName} ${options.formatX(bar.x)}`,
    lines: parts.map(({ name, colour }, part) => ({
      colour: `var(${colour})`,
      text: `${name} ${options.formatY(bar.values[part] ?? 0)}`,
    })),
  };
}

function summaryOf({ parts, bars }: BarContent, options: BarChartOptions): string {
  const tallest = bars.reduce((a, b) => (sumOf(b) > sumOf(a) ? b : a));
  return `${bars.length} bars of ${parts.map(({ name }) => name).join(', ')}; the highest at ${options.xName} ${options.formatX(tallest.x)} with ${options.formatY(sumOf(tallest))}`;
}

function sumOf({ values }: Bar): number {
  return values.reduce((sum, value) => sum + value, 0);
}
