import type { Phase, RunState } from '../../actors/run-state.js';

const DOING: Readonly<Record<Phase, string>> = {
  starting: 'starting',
  evaluatingBase: 'evaluating the base',
  startingIteration: 'starting',
  trainingChallenger: 'training the Challenger',
  writingCurriculum: 'writing and voting',
  trainingSolver: 'training the Solver',
  evaluating: 'evaluating',
  closingIteration: 'closing the iteration',
};

/** What a run does: `iteration 2 of 3: training the Challenger, step 3 of 5`, then the same in fewer words. The step is the
 *  one under way. */
export function waysToTell(state: RunState): readonly string[] {
  const pace = state.pace === 'going' ? '' : `, ${state.pace}`;
  const what = phaseLine(state);
  const { steps, phase } = state;
  if (steps === null) return [`${what}${pace}`];
  const place = `${Math.min(steps.done + 1, steps.total)} of ${steps.total}`;
  const unit = phase === 'writingCurriculum' ? 'batch' : 'step';
  const short = what.replace(/^iteration /, '');
  return [`${what}, ${unit} ${place}${pace}`, `${short}, ${place}${pace}`];
}

/** The same without the step: it changes a few times in an iteration. */
export function phaseLine({ phase, iteration, iterations }: RunState): string {
  return iteration === 0 ? DOING[phase] : `iteration ${iteration} of ${iterations}: ${DOING[phase]}`;
}
