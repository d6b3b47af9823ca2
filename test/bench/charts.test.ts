import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartSvg } from '../../bench/charts.js';

test('a chart names its axes, its lines and every place', () => {
  const lines = [
    {
      name: 'one worker',
      points: [
        [1, 2000],
        [64, 24_400],
      ] as const,
    },
    {
      name: 'two workers',
      points: [
        [1, 2100],
        [64, 48_000],
      ] as const,
    },
  ];
  const svg = chartSvg({ title: 'Speed', xName: 'sequences', yName: 'tokens/s', lines });
  assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  for (const text of ['Speed', 'sequences', 'tokens/s', 'one worker', 'two workers', '>64<', '>1<'])
    assert.ok(svg.includes(text), text);
});

test('a point with an error has a bar around it, and one without has none', () => {
  const chart = (errors: readonly number[]) => {
    const points = [
      [0, 10],
      [1, 20],
    ] as const;
    return chartSvg({ title: 'Gain', xName: 'iteration', yName: 'points', lines: [{ name: 'math', points, errors }] });
  };
  const barLines = (svg: string): number => svg.match(/<path [^>]*ecmeta_silent="true"/g)?.length ?? 0;
  assert.equal(barLines(chart([2, 2])), 6); // two bars of three lines
  assert.equal(barLines(chart([2, 0])), 3);
  assert.equal(barLines(chart([])), 0);
});
