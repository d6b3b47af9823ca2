import { type Line, type LineChart, lineChart } from '../../charts/line-chart.js';
import { element, fill } from '../../dom.js';
import type { RunOverview, ScorePoint } from '../contract.js';
import { iteration } from '../format.js';
import type { RunChoice } from '../view.js';

/** Scores over the iterations: the averages of each domain, and each benchmark in a picture of its own. */

export interface Scored {
  readonly runs: readonly RunOverview[];
  readonly choice: RunChoice;
  readonly metric: string;
}

const AXES = {
  xName: 'iteration',
  formatX: iteration,
  formatY: (y: number) => y.toFixed(1),
  yLimits: [0, 100] as const,
};
const EMPTY = 'No scores yet: the base model is evaluated first.';

export function averagesChart(): { readonly element: HTMLElement; show(scored: Scored): void } {
  const chart = lineChart({
    title: 'Accuracy by iteration',
    note: 'Average over the benchmarks of each domain, points of 100; bars are one standard error.',
    empty: EMPTY,
    height: 280,
    wide: true,
    ...AXES,
  });
  return {
    element: chart.element,
    show: ({ runs, choice, metric }) => {
      const lines = runs.flatMap((run, index) =>
        ['math', 'general'].map((domain, second): Line => {
          const points = run.averages.filter((score) => score.domain === domain && score.metric === metric);
          const isAlone = runs.length === 1;
          return {
            name: isAlone ? domain : `${run.run.run_id} ${domain}`,
            colour: isAlone ? `--series-${second + 1}` : (choice.all[index]?.colour ?? '--series-7'),
            dashed: !isAlone && domain === 'general',
            points: pointsOf(points),
          };
        }),
      );
      chart.show(lines);
    },
  };
}

export function benchmarkCharts(): { readonly element: HTMLElement; show(scored: Scored): void } {
  const grid = element('div', { class: 'grid small' });
  const charts = new Map<string, LineChart>();
  return {
    element: grid,
    show: ({ runs, choice, metric }) => {
      const scores = runs.flatMap((run) => run.scores.filter((score) => score.metric === metric));
      const domains = new Map(scores.map(({ benchmark, domain }) => [benchmark, domain]));
      for (const [name, domain] of domains) {
        if (!charts.has(name))
          charts.set(name, lineChart({ title: name, note: domain, empty: EMPTY, height: 150, ...AXES }));
      }
      const shown = [...domains.keys()].flatMap((name) => charts.get(name) ?? []);
      if (shown.length !== grid.childElementCount || shown.some(({ element }, i) => grid.children[i] !== element))
        fill(grid, ...shown.map((chart) => chart.element));
      for (const name of domains.keys()) {
        const lines = runs.map(
          (run, index): Line => ({
            name: run.run.run_id,
            colour: choice.all[index]?.colour ?? '--series-7',
            points: pointsOf(run.scores.filter((score) => score.benchmark === name && score.metric === metric)),
          }),
        );
        charts.get(name)?.show(lines);
      }
    },
  };
}

function pointsOf(scores: readonly Pick<ScorePoint, 'iteration' | 'score' | 'stderr'>[]): Line['points'] {
  return scores
    .map(({ iteration, score, stderr }) => ({ x: iteration, y: score, error: stderr }))
    .sort((a, b) => a.x - b.x);
}
