import type { SnapshotFrom } from 'xstate';
import type { supervisorMachine } from '../machines/supervisor.js';

/** Where a run under way is in its chart: names and counts only. */
export interface RunState {
  readonly phase: Phase;
  /** Whether the roles may begin new work. */
  readonly pace: 'going' | 'resuming' | 'pausing' | 'paused';
  /** The iteration under way, 0 while the base is evaluated, and the last one. */
  readonly iteration: number;
  readonly iterations: number;
  /** Steps or batches of the phase that are done, and all of them; null in a phase that has none. */
  readonly steps: { readonly done: number; readonly total: number } | null;
}

export type Phase =
  | 'starting'
  | 'evaluatingBase'
  | 'startingIteration'
  | 'trainingChallenger'
  | 'writingCurriculum'
  | 'trainingSolver'
  | 'evaluating'
  | 'closingIteration';

type SupervisorSnapshot = SnapshotFrom<typeof supervisorMachine>;

/** The state of a run; null of one that has come to its end. */
export function runState(snapshot: SupervisorSnapshot): RunState | null {
  const { value, context } = snapshot;
  if (typeof value === 'string') return null;
  const { phase, pace } = value.running;
  const { iteration, iterations } = context;
  return { phase, pace, iteration, iterations, steps: stepsOf(phase, snapshot) };
}

function stepsOf(phase: Phase, { context, children }: SupervisorSnapshot): RunState['steps'] {
  switch (phase) {
    case 'trainingChallenger':
      return { done: children['challenger']?.getSnapshot().context.doneCount ?? 0, total: context.challengerSteps };
    case 'trainingSolver':
      return { done: children['solver']?.getSnapshot().context.doneCount ?? 0, total: context.solverSteps };
    case 'writingCurriculum':
      return { done: context.votedBatchCount, total: context.curriculumBatches };
    default:
      return null;
  }
}
