import { closest } from 'fastest-levenshtein';
import type { Protocol } from '../src/benchmarks/protocol.js';
import { UsageError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';
import type { EvaluationAnswerRow, EvaluationScoreRow } from './views.js';

/** One evaluation as it is kept. */
export interface StoredEvaluation {
  readonly id: string;
  readonly origin: 'run' | 'eval';
  readonly target: string;
  readonly runId: string | null;
  readonly iteration: number | null;
  readonly evaluatedAt: string;
}

/** One result as it is kept, its lists read. */
export interface StoredResult {
  readonly id: number;
  readonly benchmark: string;
  readonly domain: 'math' | 'general';
  readonly metric: string;
  readonly rule: string;
  readonly file: string | null;
  readonly items: number;
  readonly itemsSha256: string;
  readonly score: number;
  readonly stderr: number | null;
  readonly rightCounts: readonly number[];
  readonly protocol: Protocol;
  /** How many answers are kept. */
  readonly answers: number;
}

/** The evaluation named by its id, by the beginning of one, or as RUN@ITERATION for a run's own; null for the latest that
 *  the command made.
 *  @throws UsageError where there is none, or several. */
export function findEvaluation(db: Reader, name: string | null): StoredEvaluation {
  const all = db.all<StoredEvaluation>(
    `SELECT id, origin, target, run_id AS runId, iteration, evaluated_at AS evaluatedAt FROM evaluations ORDER BY number`,
    {},
  );
  const asked = all.filter(({ origin }) => origin === 'eval');
  if (name === null) {
    const latest = asked.at(-1);
    if (latest !== undefined) return latest;
    throw new UsageError(`${db.path} has no evaluations yet; \`rzero eval\` makes one`);
  }
  const [, run, iteration] = /^(.+)@(\d+)$/.exec(name) ?? [];
  const fitting =
    run === undefined
      ? all.filter(({ id }) => id === name || (id.startsWith(name) && !all.some((other) => other.id === name)))
      : all.filter(
          (each) => each.origin === 'run' && each.runId?.startsWith(run) && each.iteration === Number(iteration),
        );
  const [found, ...others] = fitting;
  if (found === undefined) throw new UsageError(unknown(db, name, all));
  if (others.length > 0)
    throw new UsageError(
      `"${name}" fits ${fitting.length} evaluations: ${fitting.map(label).join(', ')}; give more of it`,
    );
  return found;
}

const label = ({ id, origin, target }: StoredEvaluation): string => (origin === 'run' ? target : id);

function unknown(db: Reader, name: string, all: readonly StoredEvaluation[]): string {
  if (all.length === 0) return `there is no evaluation "${name}": ${db.path} has none yet; \`rzero eval\` makes one`;
  return `there is no evaluation "${name}" in ${db.path} (did you mean "${closest(name, all.map(label))}"?)`;
}

interface ResultRow extends Omit<StoredResult, 'rightCounts' | 'protocol'>, Omit<Protocol, 'stops'> {
  readonly rightCounts: string;
  readonly stops: string;
}

/** The results of an evaluation, in the order in which they were told. */
export function resultsOf(db: Reader, evaluationId: string): readonly StoredResult[] {
  return db
    .all<ResultRow>(
      `SELECT id, benchmark, domain, metric, rule, file, items, items_sha256 AS itemsSha256, score, stderr,
         right_counts AS rightCounts, shots, shots_file AS shotsFile, template_sha256 AS templateSha256, prefix, temperature,
         samples, max_tokens AS maxTokens, stops, seed, grader_version AS graderVersion,
         (SELECT count(*) FROM evaluation_answers_given WHERE result_id = evaluation_results.id) AS answers
       FROM evaluation_results WHERE evaluation_id = @evaluationId ORDER BY position`,
      { evaluationId },
    )
    .map(unpacked);
}

function unpacked({ rightCounts, stops, ...row }: ResultRow): StoredResult {
  const { shots, shotsFile, templateSha256, prefix, temperature, samples, maxTokens, seed, graderVersion, ...result } =
    row;
  const drawn = { prefix, temperature, samples, maxTokens, stops: JSON.parse(stops) as string[], seed };
  return {
    ...result,
    rightCounts: JSON.parse(rightCounts) as number[],
    protocol: { shots, shotsFile, templateSha256, ...drawn, graderVersion },
  };
}

/** The results of a run's own evaluations, by iteration. */
export function resultsOfRun(db: Reader, runId: string): ReadonlyMap<number, readonly StoredResult[]> {
  const own = db.all<{ readonly id: string; readonly iteration: number }>(
    `SELECT id, iteration FROM evaluations WHERE origin = 'run' AND run_id = @runId ORDER BY iteration`,
    { runId },
  );
  return new Map(own.map(({ id, iteration }) => [iteration, resultsOf(db, id)]));
}

/** The scores of an evaluation as the view has them. */
export function evaluationScores(db: Reader, evaluationId: string): readonly EvaluationScoreRow[] {
  return db.all('SELECT * FROM evaluation_scores WHERE evaluation_id = @evaluationId', { evaluationId });
}

/** The scores of a run's own evaluations as the view has them. */
export function runEvaluationScores(db: Reader, runId: string): readonly EvaluationScoreRow[] {
  return db.all(
    `SELECT s.* FROM evaluation_scores s JOIN evaluations e ON e.id = s.evaluation_id
     WHERE e.origin = 'run' AND e.run_id = @runId ORDER BY s.iteration`,
    { runId },
  );
}

/** Answers of an evaluation that are wrong, in order, at most `limit` of them. */
export function failuresOf(db: Reader, evaluationId: string, limit: number): readonly EvaluationAnswerRow[] {
  return db.all(`SELECT * FROM evaluation_answers WHERE evaluation_id = @evaluationId AND is_right = 0 LIMIT @limit`, {
    evaluationId,
    limit,
  });
}

/** One stored answer, to be graded again. */
export interface GivenAnswer {
  readonly item: number;
  readonly sampleIndex: number;
  readonly question: string;
  readonly gold: string;
  readonly text: string;
  readonly extracted: string | null;
  readonly isRight: 0 | 1;
}

/** The answers of a result, by item and sample. */
export function answersOfResult(db: Reader, resultId: number): readonly GivenAnswer[] {
  return db.all(
    `SELECT a.item, a.sample_index AS sampleIndex, i.question, i.gold, a.text, a.extracted, a.is_right AS isRight
     FROM evaluation_answers_given a JOIN evaluation_items i ON i.id = a.item_id
     WHERE a.result_id = @resultId ORDER BY a.item, a.sample_index`,
    { resultId },
  );
}

/** Records another verdict on an answer. */
export function regradeAnswer(
  db: Writer,
  resultId: number,
  answer: {
    readonly item: number;
    readonly sampleIndex: number;
    readonly extracted: string | null;
    readonly right: boolean;
  },
): void {
  db.run(
    `UPDATE evaluation_answers_given SET extracted = @extracted, is_right = @right
     WHERE result_id = @resultId AND item = @item AND sample_index = @sampleIndex`,
    { ...answer, resultId },
  );
}

/** Records what a result comes to after its answers were graded again. */
export function rescoreResult(
  db: Writer,
  resultId: number,
  result: {
    readonly score: number;
    readonly stderr: number | null;
    readonly rightCounts: readonly number[];
    readonly graderVersion: number;
  },
): void {
  db.run(
    `UPDATE evaluation_results SET score = @score, stderr = @stderr, right_counts = @rightCounts,
       grader_version = @graderVersion WHERE id = @resultId`,
    { ...result, rightCounts: JSON.stringify(result.rightCounts), resultId },
  );
}
