import * as echarts from 'echarts';

/** A line chart as data. All lines share the places on the x axis, which stand side by side whatever their distance. */
export interface Chart {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly ChartLine[];
}

export interface ChartLine {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Of each point, half the height of its error bar. */
  readonly errors?: readonly number[];
}

/** The chart as an SVG file that is readable on light and dark pages. */
export function chartSvg({ title, xName, yName, lines }: Chart): string {
  const legendHeight = 30 * legendRows(lines.map(({ name }) => name));
  const height = 350 + legendHeight;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const places = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const named = { nameLocation: 'middle' as const };
  chart.setOption({
    animation: false,
    color: [...COLOURS],
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: LEGEND_GAP },
    grid: { left: 75, right: 30, top: 45, bottom: 50 + legendHeight },
    xAxis: { type: 'category', name: xName, nameGap: 30, ...named, data: places.map(place), boundaryGap: false },
    yAxis: { type: 'value', name: yName, nameGap: 55, ...named, axisLabel: { formatter: short } },
    series: [
      ...lines.map(({ name, points }) => ({
        type: 'line' as const,
        name,
        data: points.map(([x, y]) => [places.indexOf(x), y]),
        symbolSize: 7,
      })),
      ...lines.map(({ points, errors = [] }, line) => ({
        type: 'custom' as const,
        data: points.map(([x, y], i) => [places.indexOf(x), y - (errors[i] ?? 0), y + (errors[i] ?? 0)]),
        encode: { x: 0, y: [1, 2] },
        itemStyle: { color: COLOURS[line % COLOURS.length] },
        silent: true,
        renderItem: errorBar,
      })),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

const COLOURS = ['#5470c6', '#91cc75', '#ee6666', '#fac858', '#73c0de', '#9a60b4', '#3ba272', '#fc8452'] as const;

/** A vertical bar from the second value to the third, with a cap at each end. */
const errorBar: echarts.CustomSeriesRenderItem = (_, api) => {
  const [x = 0, low = 0] = api.coord([api.value(0), api.value(1)]);
  const [, high = 0] = api.coord([api.value(0), api.value(2)]);
  const line = (x1: number, y1: number, x2: number, y2: number) => ({
    type: 'line' as const,
    shape: { x1, y1, x2, y2 },
    style: { stroke: String(api.visual('color')), lineWidth: 1 },
  });
  const cap = (y: number) => line(x - 4, y, x + 4, y);
  return { type: 'group', children: low === high ? [] : [line(x, low, x, high), cap(low), cap(high)] };
};

const [WIDTH, LEGEND_GAP] = [680, 20];
/** Lines of the legend, by what its names take: a mark, a gap, and about 6.5 pixels a letter. */
const legendRows = (names: readonly string[]): number =>
  Math.ceil(names.reduce((sum, { length }) => sum + 30 + LEGEND_GAP + 6.5 * length, 0) / WIDTH);

/** A place on the x axis: exact where it is a count that people give. */
const place = (value: number): string => (Number.isInteger(value) && value < 10_000 ? `${value}` : short(value));

/** 1,024 as it is, 12,500 as 12.5 k, 2,000,000 as 2 M. */
function short(value: number): string {
  if (value >= 100_000) return `${Number((value / 1e6).toPrecision(2))} M`;
  return value >= 2000 ? `${Number((value / 1000).toPrecision(3))} k` : `${Number(value.toPrecision(4))}`;
}
