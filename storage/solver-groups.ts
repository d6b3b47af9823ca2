import type { Reader } from './connection.js';
import type { SolverGroupRow } from './views.js';

/** The groups of the Solver that rolled out a question, in the order in which it met it. */
export function solverGroupsOf(db: Reader, questionId: number): readonly SolverGroupRow[] {
  return db.all('SELECT * FROM solver_groups WHERE question_id = @questionId ORDER BY iteration, step, position', {
    questionId,
  });
}
