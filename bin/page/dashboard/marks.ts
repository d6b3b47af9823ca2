import type { Mark } from '../charts/line-chart.js';

/** Where each iteration begins in a list of the steps of all of them. */
export function iterationMarks(steps: readonly { readonly iteration: number }[]): readonly Mark[] {
  return steps.flatMap(({ iteration }, x) =>
    iteration === steps[x - 1]?.iteration ? [] : [{ x, name: `it ${iteration}` }],
  );
}
