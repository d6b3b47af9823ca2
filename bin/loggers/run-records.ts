import { z } from 'zod';
import { parseConfig, type RunConfig } from '../../src/config.js';
import { InternalError } from '../../src/errors.js';
import { answerLengths } from '../../storage/answers.js';
import type { Reader } from '../../storage/connection.js';
import { eventsAfter, type StoredEvent } from '../../storage/events.js';
import { runDetails } from '../../storage/find-run.js';
import { iterationSummary } from '../../storage/iterations.js';
import { phaseWork } from '../../storage/phases.js';
import { benchmarkScores } from '../../storage/scores.js';
import { type Role, stepDetails } from '../../storage/steps.js';
import type { IterationSummaryRow } from '../../storage/views.js';
import { voteShares } from '../../storage/votes.js';
import type { LogRecord } from './log-record.js';
import { curriculumMetrics, evaluationMetrics, iterationMetrics, type Scalars, stepMetrics } from './metrics.js';

/**
 * The records of a run, read from its events and rows in the order in which they happened. They depend on nothing else: a
 * log that is kept while the run goes is the same as one made afterwards, and each record has its number.
 */
export class RunRecords {
  private readonly config: RunConfig;
  private settingsTold = false;
  private lastEventId = 0;

  constructor(
    private readonly db: Reader,
    private readonly runId: string,
    /** Records from the first on that are passed over. */
    private passedOver: number,
  ) {
    this.config = parseConfig(runDetails(db, runId).config);
  }

  /** Those that are committed by now and were not given before. */
  *next(): Generator<LogRecord> {
    for (const record of this.all()) {
      if (this.passedOver > 0) this.passedOver--;
      else yield record;
    }
  }

  private *all(): Generator<LogRecord> {
    if (!this.settingsTold) {
      this.settingsTold = true;
      const { startedAt } = runDetails(this.db, this.runId);
      yield { ...this.record(startedAt, 0, 0, {}), config: this.config };
    }
    let events: readonly StoredEvent[];
    do {
      events = eventsAfter(this.db, this.runId, this.lastEventId, PAGE);
      for (const event of events) {
        this.lastEventId = event.id;
        const record = this.recordOf(event);
        if (record !== null) yield record;
      }
    } while (events.length === PAGE);
  }

  /** What an event tells of; null for one that has no measures. */
  private recordOf({ type, payload, at }: StoredEvent): LogRecord | null {
    switch (type) {
      case 'challenger.updated':
        return this.trained(at, 'challenger', stepSchema.parse(payload));
      case 'solver.updated':
        return this.trained(at, 'solver', stepSchema.parse(payload));
      case 'curriculum.written':
        return this.curriculum(at, iterationSchema.parse(payload).iteration);
      case 'run.ended': {
        // A curriculum of which nothing is left is told of nowhere else.
        const ended = emptyCurriculumSchema.safeParse(payload);
        return ended.success ? this.curriculum(at, ended.data.outcome.iteration) : null;
      }
      case 'solver.evaluated': {
        const { iteration } = iterationSchema.parse(payload);
        const scores = benchmarkScores(this.db, this.runId).filter((score) => score.iteration === iteration);
        return this.record(at, iteration, this.updatesUpTo(iteration), evaluationMetrics(scores));
      }
      case 'iteration.closed': {
        const { iteration } = iterationSchema.parse(payload);
        const metrics = iterationMetrics(this.summary(iteration), phaseWork(this.db, this.runId, iteration));
        return this.record(at, iteration, this.updatesUpTo(iteration), metrics);
      }
      default:
        return null;
    }
  }

  private trained(at: string, role: Role, { iteration, step }: z.infer<typeof stepSchema>): LogRecord {
    const details = stepDetails(this.db, { runId: this.runId, iteration, role, step });
    if (details === undefined)
      throw new InternalError(`run ${this.runId} has no row of the ${role}'s step ${step} in iteration ${iteration}`);
    const { challenger, solver } = this.config.rl;
    const before = this.updatesUpTo(iteration - 1) + (role === 'solver' ? challenger.steps : 0);
    const metrics =
      role === 'solver' ? stepMetrics(details, solver, solver.questions) : stepMetrics(details, challenger, 1);
    return this.record(at, iteration, before + step + 1, metrics);
  }

  private curriculum(at: string, iteration: number): LogRecord {
    const metrics = curriculumMetrics(this.summary(iteration), answerLengths(this.db, this.runId, iteration));
    const step = this.updatesUpTo(iteration - 1) + this.config.rl.challenger.steps;
    const histograms = { 'curriculum/vote_share': voteShares(this.db, this.runId, iteration) };
    return { ...this.record(at, iteration, step, metrics), histograms };
  }

  private record(at: string, iteration: number, step: number, scalars: Scalars): LogRecord {
    return {
      runId: this.runId,
      wallTime: Date.parse(at) / 1000,
      step,
      iteration,
      scalars,
      histograms: {},
      config: null,
    };
  }

  private updatesUpTo(iteration: number): number {
    const { challenger, solver } = this.config.rl;
    return iteration * (challenger.steps + solver.steps);
  }

  private summary(iteration: number): IterationSummaryRow {
    const summary = iterationSummary(this.db, this.runId).find((row) => row.iteration === iteration);
    if (summary === undefined) throw new InternalError(`run ${this.runId} has no rows of iteration ${iteration}`);
    return summary;
  }
}

/** Events read at once. */
const PAGE = 1000;

const iterationSchema = z.object({ iteration: z.number() });
const stepSchema = z.object({ iteration: z.number(), step: z.number() });
const emptyCurriculumSchema = z.object({
  outcome: z.object({
    kind: z.literal('nothingLeft'),
    reason: z.enum(['no_valid_questions', 'nothing_kept']),
    iteration: z.number(),
  }),
});
