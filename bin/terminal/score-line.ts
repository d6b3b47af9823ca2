import type { Colours } from './colour.js';
import { columnsOf, cutTo } from './fit.js';
import { formatCount } from './numbers.js';
import { sparkline } from './sparkline.js';

/** How the Solver stands after an iteration. Scores are points of 100; null where they were not taken. */
export interface Standing {
  readonly iteration: number;
  /** Greedy averages of mathematics, the base's first. */
  readonly math: readonly number[];
  readonly general: number | null;
  /** Share of the kept questions' pseudo-labels that are right, where an oracle knows; null for the base. */
  readonly labelAccuracy: number | null;
  readonly kept: number;
  readonly questions: number;
}

/** Points of score that a sparkline spans at least. */
const SPAN = 10;
const LONGEST_SPARKLINE = 16;
const GAP = '  ';

/** `iteration 1  math 82.7 (+47.7)  general 95.0  labels 99.9 %  kept 512/1,536  ▁█`. In so many columns: what matters
 *  least is left out until the rest fits. */
export function scoreLine(standing: Standing, columns: number | null, colours: Colours): string {
  let parts = partsOf(standing);
  const lengthOf = (): number => parts.reduce((sum, { text }) => sum + columnsOf(text) + GAP.length, -GAP.length);
  while (columns !== null && parts.length > 1 && lengthOf() > columns) {
    const least = Math.max(...parts.map(({ rank }) => rank));
    parts = parts.filter(({ rank }) => rank !== least);
  }
  const texts = columns === null ? parts : parts.map(({ rank, text }) => ({ rank, text: cutTo(text, columns) }));
  return texts.map(({ rank, text }) => (rank === 0 ? colours.bold(text) : text)).join(GAP);
}

/** The parts in the order in which they stand; those of a higher rank go first. */
function partsOf(standing: Standing): readonly { readonly rank: number; readonly text: string }[] {
  const { iteration, math, general, labelAccuracy, kept, questions } = standing;
  const [base, now] = [math[0], math.at(-1)];
  const parts = [{ rank: 0, text: iteration === 0 ? 'base' : `iteration ${iteration}` }];
  if (base !== undefined && now !== undefined) {
    const gain = now - base;
    const change = iteration === 0 ? '' : ` (${gain < 0 ? '' : '+'}${gain.toFixed(1)})`;
    parts.push({ rank: 1, text: `math ${now.toFixed(1)}${change}` });
  }
  if (general !== null) parts.push({ rank: 3, text: `general ${general.toFixed(1)}` });
  if (labelAccuracy !== null) parts.push({ rank: 4, text: `labels ${(100 * labelAccuracy).toFixed(1)} %` });
  if (questions > 0) parts.push({ rank: 5, text: `kept ${formatCount(kept)}/${formatCount(questions)}` });
  if (math.length > 1) parts.push({ rank: 2, text: sparkline(math.slice(-LONGEST_SPARKLINE), SPAN) });
  return parts;
}
