import { estimateMean } from '../src/benchmarks/statistics.js';
import { UsageError } from '../src/errors.js';
import { type AnswerRule, GRADER_VERSION, UNREAD } from '../src/grading/answer-rules.js';
import { type GradingPool, withGrading } from '../src/workers/grading-pool.js';
import { commit, type Writer } from '../storage/connection.js';
import {
  answersOfResult,
  findEvaluation,
  type GivenAnswer,
  regradeAnswer,
  rescoreResult,
  resultsOf,
  type StoredResult,
} from '../storage/evaluation-results.js';

/** What grading an evaluation's answers again came to. */
export interface Rescored {
  readonly evaluation: string;
  readonly results: readonly RescoredResult[];
}

export interface RescoredResult {
  readonly benchmark: string;
  readonly metric: string;
  readonly items: number;
  readonly answers: number;
  readonly before: { readonly score: number; readonly graderVersion: number };
  readonly after: { readonly score: number; readonly stderr: number | null; readonly graderVersion: number };
  /** Answers whose verdict is another now. */
  readonly changed: readonly ChangedAnswer[];
}

export interface ChangedAnswer {
  readonly question: string;
  readonly gold: string;
  readonly extracted: string | null;
  readonly right: boolean;
}

/** Grades the stored answers of an evaluation again, and records what is new unless `dryRun`. Nothing is generated.
 *  @throws UsageError for an evaluation that is not there, or keeps no answers. */
export async function rescore(db: Writer, name: string | null, dryRun: boolean): Promise<Rescored> {
  const { id, target, origin } = findEvaluation(db, name);
  const kept = resultsOf(db, id).filter(({ answers }) => answers > 0);
  if (kept.length === 0) {
    const mend = origin === 'run' ? `; \`rzero eval --run ${target}\` makes one that does` : '';
    throw new UsageError(`the evaluation ${origin === 'run' ? target : id} keeps no answers${mend}`);
  }
  const graded = await withGrading((grading) =>
    Promise.all(kept.map(async (result) => ({ result, ...(await regrade(db, result, grading)) }))),
  );
  if (!dryRun) {
    commit(db, () => {
      for (const { result, verdicts, told } of graded) {
        for (const verdict of verdicts) regradeAnswer(db, result.id, verdict);
        rescoreResult(db, result.id, { ...told.after, rightCounts: told.rightCounts });
      }
    });
  }
  return { evaluation: id, results: graded.map(({ told: { rightCounts: _, ...result } }) => result) };
}

interface Verdict extends GivenAnswer {
  readonly right: boolean;
}

async function regrade(
  db: Writer,
  { id, benchmark, metric, rule, items, score, protocol }: StoredResult,
  grading: GradingPool,
): Promise<{
  readonly verdicts: readonly Verdict[];
  readonly told: RescoredResult & { readonly rightCounts: readonly number[] };
}> {
  const given = answersOfResult(db, id);
  const graded = await grading.run(
    'gradeAnswers',
    given.map(({ gold, text }) => ({ rule: rule as AnswerRule, gold, text })),
  );
  const verdicts = given.map((answer, i) => ({ ...answer, ...(graded[i] ?? UNREAD) }));
  const rightCounts = Array<number>(items).fill(0);
  for (const { item, right } of verdicts) rightCounts[item] = (rightCounts[item] ?? 0) + Number(right);
  const estimate = estimateMean(rightCounts.map((count) => count / protocol.samples));
  return {
    verdicts: verdicts.filter(({ right, extracted }, i) => {
      const before = given[i];
      return right !== (before?.isRight === 1) || extracted !== before?.extracted;
    }),
    told: {
      benchmark,
      metric,
      items,
      answers: given.length,
      before: { score, graderVersion: protocol.graderVersion },
      after: {
        score: estimate.score,
        stderr: Number.isNaN(estimate.stderr) ? null : estimate.stderr,
        graderVersion: GRADER_VERSION,
      },
      changed: verdicts
        .filter(({ right, isRight }) => right !== (isRight === 1))
        .map(({ question, gold, extracted, right }) => ({ question, gold, extracted, right })),
      rightCounts,
    },
  };
}
