import type { Writer } from './connection.js';

/** One group of a Solver's training step: the rollouts of one question. */
export interface StepQuestion {
  readonly questionId: number;
  /** Of each rollout; equal ones teach nothing. */
  readonly rewards: readonly number[];
}

/** Records which questions a Solver's step learned from; again, it replaces what was recorded before. */
export function recordStepQuestions(
  db: Writer,
  step: { readonly runId: string; readonly iteration: number; readonly step: number },
  groups: readonly StepQuestion[],
): void {
  db.run('DELETE FROM step_questions WHERE run_id = @runId AND iteration = @iteration AND step = @step', step);
  for (const [position, { questionId, rewards }] of groups.entries())
    db.run(INSERT, { ...step, position, questionId, rewards: JSON.stringify(rewards) });
}

const INSERT = `
  INSERT INTO step_questions (run_id, iteration, step, position, question_id, rewards)
  VALUES (@runId, @iteration, @step, @position, @questionId, @rewards)`;
