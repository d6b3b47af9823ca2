import type { BatchDifficulty } from '../../../../storage/curriculum-counts.js';
import { type BarChart, type BarContent, barChart } from '../../charts/bar-chart.js';
import { type Line, lineChart } from '../../charts/line-chart.js';
import { element, fill } from '../../dom.js';
import type { CurriculumPictures } from '../contract.js';
import { count, iteration, words } from '../format.js';
import { iterationMarks } from '../marks.js';
import type { RunChoice } from '../view.js';
import { histogramBars } from './histogram.js';

/** How hard the questions are to the Solver, and what became of them. */

export interface Pictures {
  readonly element: HTMLElement;
  /** `only` is the iteration whose vote shares to show; null for all. */
  show(runs: readonly CurriculumPictures[], choice: RunChoice, only: number | null): void;
}

/** Colours of what becomes of a question: the kept ones stand out. */
const OUTCOMES: Readonly<Record<string, string>> = {
  kept: '--series-3',
  too_easy: '--series-6',
  too_hard: '--series-2',
  no_answer: '--series-5',
  duplicate: '--series-4',
  invalid: '--series-7',
  not_voted: '--line',
};

/** `onVoteShare` hears which vote shares were chosen in the histogram. */
export function curriculumPictures(onVoteShare: (low: number, high: number) => void): Pictures {
  const histograms = new Map<string, BarChart>();
  const histogramPlace = element('div', { class: 'grid' });
  let width = 0;
  const histogramOf = (id: string, isAlone: boolean): BarChart => {
    const known = histograms.get(id);
    if (known !== undefined) return known;
    const made = barChart({
      title: isAlone ? 'Vote shares' : `Vote shares of ${id}`,
      note: 'How many of a question’s answers agree with the most common one. Those in the shaded band are kept, if nothing else speaks against them. Click a bar to see its questions.',
      xName: 'vote share',
      formatX: (x) => String(Number(x.toFixed(3))),
      formatY: (y) => (Number.isInteger(y) ? count(y) : ''),
      empty: 'No votes yet.',
      onChoose: (x) => onVoteShare(Math.max(0, x - width / 2), Math.min(1, x + width / 2)),
      wide: true,
      height: 250,
    });
    histograms.set(id, made);
    return made;
  };
  const outcomes = barChart({
    title: 'What became of the questions',
    note: 'Written for the Solver, by iteration.',
    xName: 'iteration',
    formatX: (x) => (Number.isInteger(x) ? iteration(x) : ''),
    formatY: (y) => (Number.isInteger(y) ? count(y) : ''),
    empty: 'No questions yet: the Challenger is in training.',
  });
  const difficulty = lineChart({
    title: 'Question difficulty',
    note: 'Mean vote share of the questions written for the Solver: the lower, the less sure it was.',
    xName: 'iteration',
    formatX: iteration,
    formatY: (y) => y.toFixed(2),
    empty: 'No votes yet.',
  });
  const training = lineChart({
    title: 'Difficulty as the Challenger trains',
    note: 'Mean vote share of each step’s questions. It is paid most at one half.',
    xName: 'step',
    formatX: (x) => String(x + 1),
    formatY: (y) => y.toFixed(2),
    empty: 'The Challenger has not trained yet.',
    dense: true,
  });
  return {
    element: element(
      'div',
      {},
      histogramPlace,
      element('div', { class: 'grid' }, outcomes.element, difficulty.element, training.element),
    ),
    show: (runs, choice, only) => {
      const isAlone = runs.length === 1;
      const shown = runs.map((pictures, index) => {
        const chart = histogramOf(choice.all[index]?.id ?? '', isAlone);
        const content = histogramBars(
          pictures.vote_shares.filter(({ iteration }) => only === null || iteration === only),
          pictures.band,
        );
        width = content.step;
        return { chart, content };
      });
      if (
        shown.some(({ chart }, i) => histogramPlace.children[i] !== chart.element) ||
        shown.length !== histogramPlace.childElementCount
      )
        fill(histogramPlace, ...shown.map(({ chart }) => chart.element));
      for (const { chart, content } of shown) chart.show(content);
      const [first] = runs;
      if (first === undefined) return;
      outcomes.show(outcomeBars(first));
      const line = (index: number, points: Line['points']): Line => ({
        name: choice.all[index]?.id ?? '',
        colour: choice.all[index]?.colour ?? '--series-7',
        points,
      });
      difficulty.show(runs.map(({ difficulties }, index) => line(index, byIteration(difficulties))));
      const steps = runs.map(({ difficulties }) => difficulties.filter(({ phase }) => phase === 'challenger'));
      const [ownSteps = []] = steps;
      training.show(
        steps.map((each, index) =>
          line(
            index,
            each.map(({ mean_vote_share }, x) => ({ x, y: mean_vote_share })),
          ),
        ),
        iterationMarks(ownSteps),
      );
    },
  };
}

function outcomeBars({ outcomes }: CurriculumPictures): BarContent {
  const names = [...new Set([...Object.keys(OUTCOMES), ...outcomes.map(({ outcome }) => outcome)])].filter((name) =>
    outcomes.some(({ outcome }) => outcome === name),
  );
  const iterations = [...new Set(outcomes.map((row) => row.iteration))];
  return {
    parts: names.map((name) => ({ name: words(name), colour: OUTCOMES[name] ?? '--muted' })),
    bars: iterations.map((number) => ({
      x: number,
      values: names.map(
        (name) => outcomes.find((row) => row.iteration === number && row.outcome === name)?.questions ?? 0,
      ),
    })),
    step: 1,
    xEnds: null,
    band: null,
  };
}

/** The mean over an iteration's batches, each with the weight of its questions. */
function byIteration(difficulties: readonly BatchDifficulty[]): Line['points'] {
  const iterations = [...new Set(difficulties.map((row) => row.iteration))];
  return iterations.map((number) => {
    const batches = difficulties.filter(
      (row) => row.iteration === number && row.phase === 'curriculum' && row.mean_vote_share !== null,
    );
    const valid = batches.reduce((sum, row) => sum + row.valid, 0);
    const weighted = batches.reduce((sum, row) => sum + row.valid * (row.mean_vote_share ?? 0), 0);
    return { x: number, y: valid === 0 ? null : weighted / valid };
  });
}
