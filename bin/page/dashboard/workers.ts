import { barChart } from '../charts/bar-chart.js';
import { type Line, lineChart } from '../charts/line-chart.js';
import { type TimeSpan, timelineChart } from '../charts/timeline.js';
import { element } from '../dom.js';
import { fetchWorkers } from './api.js';
import type { Workers } from './contract.js';
import { duration, iteration, short } from './format.js';
import type { View } from './view.js';

/** What the machine did: how busy its workers were, when, and how many tokens that gave. */
export function workersView(onTrouble: (error: unknown) => void): View {
  let span: TimeSpan | null = null;
  let run: string | null = null;
  const timeline = timelineChart({
    title: 'Worker timeline',
    note: 'A lane is full where its worker was busy all the time. Drag across to look closer, double-click for the whole run. The clock stands still between a stop and the resume.',
    empty: 'No worker has done anything yet.',
    formatSeconds: duration,
    onWindow: (window) => {
      span = window;
      if (run !== null) load(run).then(({ timeline: cells }) => timeline.show(cells), onTrouble);
    },
  });
  const busy = barChart({
    title: 'Where the time went',
    note: 'Share of the model workers’ time by task, in %.',
    xName: 'iteration',
    formatX: (x) => (Number.isInteger(x) ? iteration(x) : ''),
    formatY: (y) => y.toFixed(0),
    empty: 'No worker has done anything yet.',
    yTop: 100,
  });
  const throughput = lineChart({
    title: 'Tokens per second',
    note: 'Sampled in each phase, over the phase’s time.',
    xName: 'iteration',
    formatX: iteration,
    formatY: short,
    empty: 'No phase with tokens is done yet.',
  });
  const phases = barChart({
    title: 'Time by phase',
    note: 'Seconds of each iteration.',
    xName: 'iteration',
    formatX: (x) => (Number.isInteger(x) ? iteration(x) : ''),
    formatY: short,
    empty: 'No phase is done yet.',
    wide: true,
    height: 260,
  });
  const load = (id: string): Promise<Workers> =>
    fetchWorkers(id, { from: span?.[0].toFixed(3) ?? null, to: span?.[1].toFixed(3) ?? null });
  return {
    element: element(
      'div',
      {},
      timeline.element,
      element('div', { class: 'grid' }, busy.element, throughput.element),
      phases.element,
    ),
    show: async (choice) => {
      if (choice.run !== run) span = null;
      run = choice.run;
      const found = await load(run);
      timeline.show(found.timeline);
      busy.show(busyBars(found));
      throughput.show(throughputLines(found));
      phases.show(phaseBars(found));
    },
  };
}

function busyBars({ utilisation }: Workers) {
  const tasks = [...new Set(utilisation.flatMap((row) => Object.keys(row.tasks)))];
  return {
    parts: [...tasks.map((name, i) => ({ name, colour: `--series-${i + 1}` })), { name: 'idle', colour: '--line' }],
    bars: utilisation.map(({ iteration, workers, wall_seconds, tasks: seconds, idle_seconds }) => {
      const whole = workers * wall_seconds;
      const shares = [...tasks.map((task) => seconds[task] ?? 0), idle_seconds];
      return { x: iteration, values: shares.map((part) => (whole > 0 ? (100 * part) / whole : 0)) };
    }),
    step: 1,
    xEnds: null,
    band: null,
  };
}

function throughputLines({ phases }: Workers): readonly Line[] {
  const sampled = phases.filter(({ tokens, seconds }) => tokens > 0 && seconds > 0);
  const names = [...new Set(sampled.map(({ phase }) => phase))];
  return names.map((name, i) => ({
    name,
    colour: `--series-${(i % 8) + 1}`,
    points: sampled
      .filter(({ phase }) => phase === name)
      .map(({ iteration, tokens, seconds }) => ({ x: iteration, y: tokens / seconds })),
  }));
}

function phaseBars({ phases }: Workers) {
  const names = [...new Set(phases.map(({ phase }) => phase))];
  const iterations = [...new Set(phases.map((row) => row.iteration))];
  return {
    parts: names.map((name, i) => ({ name, colour: `--series-${(i % 8) + 1}` })),
    bars: iterations.map((number) => ({
      x: number,
      values: names.map((name) => phases.find((row) => row.iteration === number && row.phase === name)?.seconds ?? 0),
    })),
    step: 1,
    xEnds: null,
    band: null,
  };
}
