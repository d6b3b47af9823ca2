import type { ChartState } from '../../../machines/outline.js';
import type { BatchDifficulty, LabelCount, OutcomeCount, VoteShareCount } from '../../../storage/curriculum-counts.js';
import type { TimelineCells } from '../../../storage/timeline-cells.js';
import type {
  BenchmarkScoreRow,
  CurriculumRow,
  IterationSummaryRow,
  RunHistoryRow,
  TrainingStepRow,
} from '../../../storage/views.js';
import type { ModelUtilisation } from '../../../storage/worker-tasks.js';

/** What the server tells the page, as JSON: rows keep the columns' names of the database. */

/** `/api/runs`: every run of the database, the first one first. */
export interface RunList {
  readonly database: string;
  readonly rzero_version: string;
  readonly runs: readonly RunHistoryRow[];
}

/** `/api/runs/RUN`. */
export interface RunOverview {
  readonly run: RunHistoryRow & {
    readonly end_reason: string | null;
    readonly error: string | null;
    readonly config: unknown;
    /** Vote shares of the questions that are kept; null where the settings have none. */
    readonly band: readonly [low: number, high: number] | null;
  };
  readonly iterations: readonly IterationSummaryRow[];
  /** Each benchmark's scores, and the averages by domain under the domain's name. */
  readonly scores: readonly BenchmarkScoreRow[];
  readonly averages: readonly ScorePoint[];
  readonly gains: readonly GainRow[];
  readonly outcomes: readonly OutcomeCount[];
  readonly labels: readonly LabelCount[];
}

export type ScorePoint = Omit<BenchmarkScoreRow, 'run_id' | 'domain'> & { readonly domain: string };

/** How far an average or a benchmark rose from the base to the last iteration that was evaluated. */
export interface GainRow {
  /** `math`, `general`, or a benchmark's name. */
  readonly name: string;
  readonly domain: string;
  readonly metric: string;
  readonly isAverage: boolean;
  readonly items: number;
  readonly points: readonly { readonly iteration: number; readonly score: number; readonly stderr: number | null }[];
  /** Points and their standard error, paired item by item where the item scores are kept; null before the first iteration. */
  readonly gain: { readonly score: number; readonly stderr: number | null } | null;
}

/** `/api/runs/RUN/curriculum`: what the pictures of the curriculum show. */
export interface CurriculumPictures {
  readonly band: RunOverview['run']['band'];
  readonly outcomes: readonly OutcomeCount[];
  readonly vote_shares: readonly VoteShareCount[];
  readonly difficulties: readonly BatchDifficulty[];
}

/** `/api/runs/RUN/training`. */
export interface Training {
  readonly steps: readonly TrainingStepRow[];
}

/** `/api/runs/RUN/workers`. */
export interface Workers {
  readonly utilisation: readonly ModelUtilisation[];
  readonly phases: readonly PhaseRow[];
  readonly timeline: TimelineCells;
}

export interface PhaseRow {
  readonly iteration: number;
  readonly phase: string;
  readonly seconds: number;
  readonly tokens: number;
}

/** `/api/charts`: the statecharts, the supervisor's first. */
export interface Charts {
  readonly charts: readonly { readonly name: string; readonly chart: ChartState }[];
}

/** `/api/runs/RUN/state`: where the actors of a run are. */
export interface RunState {
  /** Why the run ended or failed, in one sentence; null where there is nothing to say. */
  readonly reason: string | null;
  readonly saved_at: string | null;
  /** The value of each actor's snapshot, by the chart's name; none before the first snapshot. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The newest first. */
  readonly events: readonly EventRow[];
}

export interface EventRow {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly type: string;
  readonly payload: unknown;
}

/** `/api/runs/RUN/questions`: one page of the table. */
export interface QuestionTable {
  readonly rows: readonly CurriculumRow[];
  /** How many the filter takes. */
  readonly count: number;
  /** Where the next page begins; null on the last one. */
  readonly next: string | null;
}

/** What `/api/live` says whenever the database has changed. */
export interface Change {
  readonly version: number;
  readonly event_id: number | null;
  readonly run_id: string | null;
}
