import type { Reader, Writer } from './connection.js';

/** Time and tokens that one phase of an iteration took. */
export interface PhaseWork {
  /** `challenger`, `curriculum`, `solver`, `evaluation`: the supervisor's names. */
  readonly phase: string;
  readonly seconds: number;
  readonly tokens: number;
}

/** Adds work to what the phase took so far. Not idempotent: it belongs in the commit of what the work made, so that
 *  work that was lost and is done again is counted once. */
export function addPhaseWork(db: Writer, runId: string, iteration: number, work: PhaseWork): void {
  db.run(
    `INSERT INTO phases (run_id, iteration, phase, seconds, tokens)
     VALUES (@runId, @iteration, @phase, @seconds, @tokens)
     ON CONFLICT (run_id, iteration, phase) DO UPDATE SET
       seconds = seconds + excluded.seconds, tokens = tokens + excluded.tokens`,
    { ...work, runId, iteration },
  );
}

/** What each phase of an iteration took, in the order the phases began. */
export function phaseWork(db: Reader, runId: string, iteration: number): readonly PhaseWork[] {
  return db.all(
    'SELECT phase, seconds, tokens FROM phases WHERE run_id = @runId AND iteration = @iteration ORDER BY rowid',
    { runId, iteration },
  );
}

/** What each phase of each iteration of a run took. */
export function phasesOfRun(db: Reader, runId: string): readonly (PhaseWork & { readonly iteration: number })[] {
  return db.all(
    'SELECT iteration, phase, seconds, tokens FROM phases WHERE run_id = @runId ORDER BY iteration, rowid',
    { runId },
  );
}

/** Seconds that all phases of a run took. */
export function secondsOfRun(db: Reader, runId: string): number {
  const sql = 'SELECT total(seconds) AS seconds FROM phases WHERE run_id = @runId';
  return db.get<{ readonly seconds: number }>(sql, { runId })?.seconds ?? 0;
}
