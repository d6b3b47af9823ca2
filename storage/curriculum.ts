import type { Reader } from './connection.js';
import type { CurriculumRow } from './views.js';

/** Which of a run's questions to read; null takes all. */
export interface CurriculumFilter {
  readonly runId: string;
  readonly iteration: number | null;
  readonly kept: boolean | null;
  /** `too_easy`, `duplicate`, …: see the column `drop_reason`. */
  readonly dropReason: string | null;
  /** Whether the pseudo-label agrees with the oracle; `unknown`: one of the two is missing. */
  readonly label: 'right' | 'wrong' | 'unknown' | null;
  /** Vote shares in [0, 1], both ends included. A question without a vote is in no range. */
  readonly voteShare: readonly [low: number, high: number] | null;
  /** Words that the question has in it, upper or lower case the same for ASCII letters. */
  readonly text: string | null;
}

/** A filter that takes all questions, to change a part of. */
export const ALL_QUESTIONS: Omit<CurriculumFilter, 'runId'> = {
  iteration: null,
  kept: null,
  dropReason: null,
  label: null,
  voteShare: null,
  text: null,
};

/** `written`: as they were written. `vote_share`: a question without a vote is below all. `unsure`: by the distance of the vote
 *  share from ½, questions without a vote at the far end. */
export type CurriculumOrder = 'written' | 'vote_share' | 'unsure';
export const CURRICULUM_ORDERS = ['written', 'vote_share', 'unsure'] as const satisfies readonly CurriculumOrder[];

/** The place of a question in an order: of the last one on a page, it is where the next page begins. */
export interface CurriculumPlace {
  readonly key: number;
  readonly questionId: number;
}

export interface CurriculumPaging {
  readonly order: CurriculumOrder;
  readonly descending: boolean;
  /** Only what comes after this place; null for the first page. */
  readonly after: CurriculumPlace | null;
  readonly limit: number;
}

export interface CurriculumPage {
  readonly rows: readonly CurriculumRow[];
  /** Where the next page begins; null on the last one. */
  readonly next: CurriculumPlace | null;
}

/** One page of the questions written for the Solver. Pages follow one another by the place of the last question, so that the
 *  hundredth costs what the first does, and questions written meanwhile move none. */
export function curriculumPage(db: Reader, filter: CurriculumFilter, paging: CurriculumPaging): CurriculumPage {
  const { order, descending, after, limit } = paging;
  const [key, beyond, direction] = [KEYS[order], descending ? '<' : '>', descending ? 'DESC' : 'ASC'];
  const place = after === null ? '' : `AND (${key}, question_id) ${beyond} (@key, @questionId)`;
  const rows = db.all<CurriculumRow & { readonly place_key: number }>(
    `SELECT *, ${key} AS place_key FROM curriculum WHERE ${conditions(filter)} ${place}
     ORDER BY ${key} ${direction}, question_id ${direction} LIMIT @limit`,
    { ...parameters(filter), ...(after ?? {}), limit: limit + 1 }, // one more tells whether there is a next page
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown.map(({ place_key: _, ...row }) => row),
    next: rows.length <= limit || last === undefined ? null : { key: last.place_key, questionId: last.question_id },
  };
}

/** How many questions the filter takes. */
export function curriculumCount(db: Reader, filter: CurriculumFilter): number {
  const sql = `SELECT count(*) AS count FROM curriculum WHERE ${conditions(filter)}`;
  return db.get<{ readonly count: number }>(sql, parameters(filter))?.count ?? 0;
}

/** What each order sorts by: never NULL, so that every question has a place. */
const KEYS = {
  written: 'question_id',
  vote_share: 'coalesce(vote_share, -1)',
  unsure: 'abs(coalesce(vote_share, 2) - 0.5)',
} as const satisfies Record<CurriculumOrder, string>;

const LABELS = {
  right: 'label_correct = 1',
  wrong: 'label_correct = 0',
  unknown: 'label_correct IS NULL',
} as const satisfies Record<NonNullable<CurriculumFilter['label']>, string>;

/** The filter as SQL. Only the conditions asked for are in it, so that SQLite can choose an index for them. */
function conditions({ iteration, kept, dropReason, label, voteShare, text }: CurriculumFilter): string {
  return [
    'run_id = @runId',
    ...(iteration === null ? [] : ['iteration = @iteration']),
    ...(kept === null ? [] : ['kept = @kept']),
    ...(dropReason === null ? [] : ['drop_reason = @dropReason']),
    ...(label === null ? [] : [LABELS[label]]),
    ...(voteShare === null ? [] : ['vote_share BETWEEN @low AND @high']),
    ...(text === null ? [] : [`question LIKE @pattern ESCAPE '\\'`]),
  ].join(' AND ');
}

function parameters({ voteShare, text, runId, iteration, kept, dropReason }: CurriculumFilter): object {
  const [low, high] = voteShare ?? [null, null];
  return { runId, iteration, kept, dropReason, low, high, pattern: `%${(text ?? '').replace(/[\\%_]/g, '\\$&')}%` };
}
