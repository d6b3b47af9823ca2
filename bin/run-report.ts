import { UsageError } from '../src/errors.js';
import type { Reader } from '../storage/connection.js';
import { ALL_QUESTIONS, curriculumPage } from '../storage/curriculum.js';
import { resultsOfRun, runEvaluationScores } from '../storage/evaluation-results.js';
import { iterationSummary } from '../storage/iterations.js';
import { benchmarkScores } from '../storage/scores.js';
import type { BenchmarkScoreRow, CurriculumRow, EvaluationScoreRow, IterationSummaryRow } from '../storage/views.js';
import { type ModelUtilisation, modelUtilisation } from '../storage/worker-tasks.js';
import { findRun } from './database.js';
import { describeRun, type RunDescription } from './describe-run.js';
import { type Standing, standingOf } from './event-feed.js';
import { type LabelOracle, oracleTable, readLabelOracles } from './oracle-report.js';
import type { Colours } from './terminal/colour.js';
import { formatCount, formatDuration, formatMeasured, formatShare } from './terminal/numbers.js';
import { protocolLines, scoreProtocol } from './terminal/protocol.js';
import {
  averages,
  averageTable,
  benchmarkTable,
  type ItemScores,
  type Score,
  scoreKey,
  textTable,
} from './terminal/tables.js';

/** Everything about one run that `show`, `run` and `resume` tell at their end; `--json` prints it as it is. */
export interface RunReport {
  readonly run: RunDescription & {
    /** The status, or `killed` where it says running and no process is at work. */
    readonly standing: Standing;
  };
  readonly iterations: readonly IterationSummaryRow[];
  readonly scores: readonly BenchmarkScoreRow[];
  /** The same scores with the protocol under which each was taken. */
  readonly evaluations: readonly EvaluationScoreRow[];
  /** The averages of the scores by domain and metric. */
  readonly averages: readonly Score[];
  readonly curriculum: readonly CurriculumRow[];
  /** Who said whether labels are right: label accuracy by oracle. */
  readonly label_oracles: readonly LabelOracle[];
  readonly utilisation: readonly ModelUtilisation[];
}

/** Which questions a report shows: the first `questionCount` of an iteration, null for the latest one that has any. */
export interface QuestionChoice {
  readonly questionCount: number;
  readonly iteration: number | null;
}

/** The report on a run, the latest where none is named.
 *  @throws UsageError when there is no such run, or it has no such iteration. */
export function readReport(db: Reader, idOrPrefix: string | undefined, choice: QuestionChoice): RunReport {
  const run = findRun(db, idOrPrefix);
  const iterations = iterationSummary(db, run.id);
  if (choice.iteration !== null && !iterations.some((row) => row.iteration === choice.iteration))
    throw new UsageError(unknownIteration(run.id, choice.iteration, iterations));
  const scores = benchmarkScores(db, run.id);
  const iteration = choice.iteration ?? iterations.findLast((row) => row.questions > 0)?.iteration ?? 0;
  const limit = choice.questionCount;
  const paging = { order: 'written', descending: false, after: null, limit } as const;
  const { rows: curriculum } = curriculumPage(db, { ...ALL_QUESTIONS, runId: run.id, iteration }, paging);
  const utilisation = modelUtilisation(db, run.id);
  const evaluations = runEvaluationScores(db, run.id);
  const at = standingOf(db, run.id);
  return {
    run: { ...describeRun(at.run), standing: at.standing },
    iterations,
    scores,
    evaluations,
    averages: averages(scores),
    curriculum,
    label_oracles: readLabelOracles(db, run.id, run.config),
    utilisation,
  };
}

/** The report for people. `withConfig` adds the settings, `withTasks` the scores of each benchmark; gains are paired where
 *  `items` has the item scores. */
export function formatReport(
  report: RunReport,
  parts: { readonly withConfig: boolean; readonly withTasks: boolean; readonly items: ItemScores },
  colours: Colours,
): string {
  const { run, scores } = report;
  const sections = [`${colours.bold(`run ${run.run_id}`)}: ${statusSentence(run)}`];
  if (parts.withConfig) sections.push(`${colours.bold('settings')}\n${JSON.stringify(run.config, null, 2)}`);
  if (report.iterations.length > 0) sections.push(iterationTable(report.iterations, colours));
  const oracles = oracleTable(report.label_oracles, colours);
  if (oracles !== null) sections.push(oracles);
  if (report.utilisation.length > 0) sections.push(utilisationTable(report.utilisation, colours));
  const { items } = parts;
  if (scores.length > 0) sections.push(averageTable(scores, colours, items));
  if (parts.withTasks && scores.length > 0) sections.push(benchmarkTable(scores, colours, items));
  if (scores.length > 0) {
    const freeOrWorked = report.evaluations.filter(({ metric }) => !metric.startsWith('share ')).map(scoreProtocol);
    const pairing = items.size === 0 ? '' : ', paired item by item';
    sections.push(
      [
        `Points of 100 ± one standard error; the gain is over the base model${pairing}.`,
        ...protocolLines(freeOrWorked),
      ].join('\n'),
    );
  }
  if (report.curriculum.length > 0) sections.push(curriculumTable(report.curriculum, colours));
  return sections.join('\n\n');
}

/** The item scores that a run's scores are the means of; none for a run of an older version, which did not keep them. */
export function readItemScores(db: Reader, runId: string): ItemScores {
  return new Map(
    [...resultsOfRun(db, runId)].flatMap(([iteration, results]) =>
      results.map(({ benchmark, metric, itemsSha256, rightCounts, protocol }) => {
        const scores = rightCounts.map((count) => count / protocol.samples);
        return [scoreKey({ iteration, benchmark, metric }), { items: itemsSha256, scores }] as const;
      }),
    ),
  );
}

function unknownIteration(runId: string, asked: number, rows: readonly IterationSummaryRow[]): string {
  const last = rows.at(-1)?.iteration ?? 0;
  const known = last === 0 ? 'none yet' : last === 1 ? 'iteration 1 only' : `iterations 1 to ${last}`;
  return `run ${runId} has no iteration ${asked}: it has ${known}`;
}

function statusSentence({ standing, end_reason, error, preset, model, seed }: RunReport['run']): string {
  const reason = error ?? end_reason;
  return `${standing}${reason === null ? '' : ` (${reason})`}, preset ${preset}, model ${model}, seed ${seed}`;
}

function iterationTable(rows: readonly IterationSummaryRow[], colours: Colours): string {
  const names = [
    'questions',
    'valid',
    'kept',
    'vote share',
    'label acc.',
    'Ch. reward',
    'So. reward',
    'So. KL',
    'tokens',
    'took',
  ];
  return textTable(
    [['iteration', 'left'], ...names.map((name) => [name, 'right'] as const)],
    rows.map((row) => [
      row.iteration === 0 ? 'base' : String(row.iteration),
      ...[row.questions, row.valid, row.kept].map((count) => (row.iteration === 0 ? '-' : formatCount(count))),
      formatMeasured(row.mean_vote_share, 2),
      formatMeasured(row.label_accuracy, 3),
      formatMeasured(row.challenger_reward, 3),
      formatMeasured(row.solver_reward, 3),
      formatMeasured(row.solver_kl, 4),
      formatCount(row.tokens),
      formatDuration(row.seconds),
    ]),
    colours,
  );
}

/** Where the time of the model workers went: shares of their wall time, which add up to all of it. */
function utilisationTable(rows: readonly ModelUtilisation[], colours: Colours): string {
  const tasks = [...new Set(rows.flatMap((row) => Object.keys(row.tasks)))];
  return textTable(
    [['iteration', 'left'], ...['workers busy', ...tasks, 'idle', 'wall'].map((name) => [name, 'right'] as const)],
    rows.map((row) => {
      const share = (seconds: number): string => formatShare(seconds / (row.workers * row.wall_seconds));
      return [
        row.iteration === 0 ? 'base' : String(row.iteration),
        formatShare(row.busy_share ?? Number.NaN),
        ...tasks.map((task) => share(row.tasks[task] ?? 0)),
        share(row.idle_seconds),
        formatDuration(row.wall_seconds),
      ];
    }),
    colours,
  );
}

function curriculumTable(rows: readonly CurriculumRow[], colours: Colours): string {
  return textTable(
    [
      [`question (iteration ${rows[0]?.iteration ?? 0})`, 'left'],
      ['pseudo-label', 'left'],
      ['vote share', 'right'],
      ['oracle', 'left'],
      ['kept', 'left'],
    ],
    rows.map((row) => [
      printable(row.question),
      printable(row.pseudo_label ?? '-'),
      formatMeasured(row.vote_share, 2),
      row.oracle_answer === null
        ? '-'
        : `${printable(row.oracle_answer)}${row.label_correct === 0 ? ' (label wrong)' : ''}`,
      row.kept === 1 ? 'yes' : `no: ${row.drop_reason ?? 'not known'}`,
    ]),
    colours,
  );
}

/** A policy's text without control characters, which could steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
