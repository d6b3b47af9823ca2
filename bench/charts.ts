import * as echarts from 'echarts';

/** A line chart as data. All lines share the places on the x axis, which stand side by side whatever their distance. */
export interface Chart {
  readonly title: string;
  readonly xName: string;
  readonly yName: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}

/** The chart as an SVG file that is readable on light and dark pages. */
export function chartSvg({ title, xName, yName, lines }: Chart): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 680, height: 380 });
  const places = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const named = { nameLocation: 'middle' as const };
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: 40 },
    grid: { left: 75, right: 30, top: 45, bottom: 75 },
    xAxis: { type: 'category', name: xName, nameGap: 30, ...named, data: places.map(short), boundaryGap: false },
    yAxis: { type: 'value', name: yName, nameGap: 55, ...named, axisLabel: { formatter: short } },
    series: lines.map(({ name, points }) => ({
      type: 'line' as const,
      name,
      data: points.map(([x, y]) => [places.indexOf(x), y]),
      symbolSize: 7,
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/** 1,024 as it is, 12,500 as 12.5 k, 2,000,000 as 2 M. */
function short(value: number): string {
  if (value >= 100_000) return `${Number((value / 1e6).toPrecision(2))} M`;
  return value >= 2000 ? `${Number((value / 1000).toPrecision(3))} k` : `${Number(value.toPrecision(4))}`;
}
