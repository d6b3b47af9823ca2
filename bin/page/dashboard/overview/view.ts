import { type Line, lineChart } from '../../charts/line-chart.js';
import { element, fill, renew } from '../../dom.js';
import { fetchOverview } from '../api.js';
import type { RunOverview } from '../contract.js';
import { iteration } from '../format.js';
import type { RunChoice, View } from '../view.js';
import { averagesChart, benchmarkCharts } from './accuracy.js';
import { comparison, gainTable } from './tables.js';
import { tiles } from './tiles.js';

/** What a run has come to: scores with their errors, how right its labels are, and runs side by side. */
export function overviewView(): View {
  const metrics = element('select', { id: 'metric' });
  const top = tiles();
  const averages = averagesChart();
  const labels = lineChart({
    title: 'Label accuracy',
    note: 'Kept questions whose majority answer the oracle agrees with, in %; bars are one standard error.',
    xName: 'iteration',
    formatX: iteration,
    formatY: (y) => y.toFixed(1),
    yLimits: [0, 100],
    empty: 'No labels yet: they are the votes on the curriculum.',
  });
  const rewards = lineChart({
    title: 'Rewards by iteration',
    note: 'Mean reward of the last step of each role.',
    xName: 'iteration',
    formatX: iteration,
    formatY: (y) => y.toFixed(2),
    empty: 'No training step yet.',
  });
  const tables = element('div', { class: 'grid' });
  const benchmarks = benchmarkCharts();
  let last: { readonly runs: readonly RunOverview[]; readonly choice: RunChoice } | null = null;

  const paint = (): void => {
    const [first] = last?.runs ?? [];
    if (last === null || first === undefined) return;
    const { runs, choice } = last;
    const metric = metrics.value || 'greedy';
    top.show(first, metric);
    averages.show({ runs, choice, metric });
    labels.show(runs.map((run, index) => labelLine(run, choice.all[index]?.colour ?? '')));
    rewards.show(runs.flatMap((run, index) => rewardLines(run, runs.length === 1, choice.all[index]?.colour ?? '')));
    renew(tables, runs.length > 1 ? comparison(runs, metric) : gainTable(first, metric));
    benchmarks.show({ runs, choice, metric });
  };
  metrics.addEventListener('change', paint);

  return {
    element: element(
      'div',
      {},
      element('div', { class: 'controls' }, element('label', {}, 'Scores: ', metrics)),
      top.element,
      averages.element,
      element('div', { class: 'grid' }, labels.element, rewards.element),
      tables,
      element('h2', {}, 'Each benchmark'),
      benchmarks.element,
    ),
    show: async (choice) => {
      const runs = await Promise.all(choice.all.map(({ id }) => fetchOverview(id)));
      last = { runs, choice };
      offer(metrics, [...new Set(runs.flatMap(({ scores }) => scores.map(({ metric }) => metric)))]);
      paint();
    },
  };
}

/** Puts the metrics in the list, and leaves the one chosen. */
function offer(select: HTMLSelectElement, names: readonly string[]): void {
  const known = [...select.options].map(({ value }) => value);
  if (known.join() === names.join()) return;
  const chosen = names.includes(select.value) ? select.value : (names.find((name) => name === 'greedy') ?? names[0]);
  fill(select, ...names.map((name) => element('option', { value: name, selected: name === chosen }, name)));
}

/** A share's standard error is √(p(1−p)/n). */
function labelLine({ run, labels }: RunOverview, colour: string): Line {
  return {
    name: run.run_id,
    colour,
    points: labels.map(({ iteration, right, judged }) => {
      const share = right / judged;
      return { x: iteration, y: 100 * share, error: 100 * Math.sqrt((share * (1 - share)) / judged) };
    }),
  };
}

function rewardLines({ run, iterations }: RunOverview, isAlone: boolean, colour: string): readonly Line[] {
  const written = iterations.filter(({ iteration }) => iteration > 0);
  return (['challenger', 'solver'] as const).map((role, second) => ({
    name: isAlone ? role : `${run.run_id} ${role}`,
    colour: isAlone ? `--series-${second === 0 ? 4 : 1}` : colour,
    dashed: !isAlone && second === 0,
    points: written.map((row) => ({ x: row.iteration, y: row[`${role}_reward`] })),
  }));
}
