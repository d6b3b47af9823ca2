import * as echarts from 'echarts';

/** A line chart as data. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[] }[];
}
interface Axis {
  readonly name: string;
  readonly logarithmic: boolean;
}

/** The chart as an SVG file that is readable on light and dark pages. */
export function chartSvg({ title, x, y, lines }: Chart): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 680, height: 380 });
  const axis = ({ name, logarithmic }: Axis, nameGap: number) => ({
    type: logarithmic ? ('log' as const) : ('value' as const),
    name,
    nameLocation: 'middle' as const,
    nameGap,
    ...(logarithmic ? { logBase: 2 } : {}),
    axisLabel: { formatter: short },
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0 },
    grid: { left: 70, right: 30, top: 45, bottom: 75 },
    xAxis: { ...axis(x, 30), min: 'dataMin', max: 'dataMax' },
    yAxis: axis(y, 50),
    series: lines.map(({ name, points }) => ({
      type: 'line' as const,
      name,
      data: points.map(([a, b]) => [a, b]),
      symbolSize: 7,
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/** 1,500 as 1.5 k, 2,000,000 as 2 M. */
function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(2))} M`;
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))} k` : `${Number(value.toPrecision(3))}`;
}
