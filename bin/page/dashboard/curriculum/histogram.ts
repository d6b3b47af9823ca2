import type { VoteShareCount } from '../../../../storage/curriculum-counts.js';
import type { BarContent } from '../../charts/bar-chart.js';

/** At most so many bars, one for each k of m votes where there are no more. */
const MOST_BARS = 20;

/** The vote shares as bars, kept and dropped on one another, over the frontier band. Shares are k/m: with m up to 20 each has
 *  a bar of its own, else they fall to the nearest twentieth. */
export function histogramBars(counts: readonly VoteShareCount[], band: readonly [number, number] | null): BarContent {
  const steps = stepsOf(counts);
  const sums = Array.from({ length: steps + 1 }, () => [0, 0] as [kept: number, dropped: number]);
  for (const { vote_share, kept, questions } of counts) {
    const sum = sums[Math.round(vote_share * steps)];
    if (sum !== undefined) sum[kept === 1 ? 0 : 1] += questions;
  }
  return {
    parts: [
      { name: 'kept', colour: '--series-3' },
      { name: 'dropped', colour: '--series-7' },
    ],
    bars: counts.length === 0 ? [] : sums.map((values, step) => ({ x: step / steps, values })),
    step: 1 / steps,
    xEnds: [0, 1],
    band: band === null ? null : { low: band[0], high: band[1], name: 'frontier band' },
  };
}

/** The fewest equal steps from 0 to 1 that all shares stand on. */
function stepsOf(counts: readonly VoteShareCount[]): number {
  for (let steps = 2; steps < MOST_BARS; steps++) {
    if (counts.every(({ vote_share }) => Math.abs(vote_share * steps - Math.round(vote_share * steps)) < 1e-6))
      return steps;
  }
  return MOST_BARS;
}
