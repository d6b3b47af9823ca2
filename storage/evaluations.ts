import { createHash } from 'node:crypto';
import type { Protocol } from '../src/benchmarks/protocol.js';
import { InternalError } from '../src/errors.js';
import type { Reader, Writer } from './connection.js';

/** One evaluation of a model on benchmarks, before it is recorded. */
export interface NewEvaluation {
  readonly id: string;
  /** `run`: a run's own, at the end of an iteration; `eval`: asked for by the command. */
  readonly origin: 'run' | 'eval';
  /** The checkpoint's folder, or RUN@ITERATION. */
  readonly target: string;
  readonly runId: string | null;
  readonly iteration: number | null;
  readonly evaluatedAt: string;
  readonly rzeroVersion: string;
}

/** One sampled answer and what was made of it. */
export interface EvaluationAnswer {
  readonly text: string;
  readonly extracted: string | null;
  readonly right: boolean;
  readonly tokenCount: number;
  readonly finished: boolean;
}

/** One score of an evaluation with what it rests on. */
export interface ResultRecord {
  readonly benchmark: string;
  readonly domain: 'math' | 'general';
  readonly metric: string;
  readonly rule: string;
  readonly file: string | null;
  readonly fileSha256: string | null;
  readonly score: number;
  /** Null where there is only one item. */
  readonly stderr: number | null;
  readonly items: readonly { readonly question: string; readonly answer: string }[];
  /** Of each item, how many of its samples are right. */
  readonly rightCounts: readonly number[];
  readonly protocol: Protocol;
  /** The answers to each item; null where they are not kept. */
  readonly answers: readonly (readonly EvaluationAnswer[])[] | null;
}

/** Letters and digits that can't be taken for one another. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const ID_LENGTH = 5;

/** A short id that no evaluation of this database has, such as `e4k2mw`. `draw(limit)` gives an integer in [0, limit). */
export function newEvaluationId(db: Reader, draw: (limit: number) => number): string {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const id = `e${Array.from({ length: ID_LENGTH }, () => ALPHABET[draw(ALPHABET.length)]).join('')}`;
    if (db.get('SELECT 1 FROM evaluations WHERE id = @id', { id }) === undefined) return id;
  }
  throw new InternalError(
    'a thousand evaluation ids were drawn and all are taken: the drawing function repeats itself',
  );
}

/** Records an evaluation with its results. A run's own, done again for the same iteration, replaces the earlier one. */
export function recordEvaluation(db: Writer, evaluation: NewEvaluation, results: readonly ResultRecord[]): void {
  if (evaluation.origin === 'run')
    db.run(`DELETE FROM evaluations WHERE origin = 'run' AND run_id = @runId AND iteration = @iteration`, evaluation);
  db.run(
    `INSERT INTO evaluations (id, origin, target, run_id, iteration, evaluated_at, rzero_version)
     VALUES (@id, @origin, @target, @runId, @iteration, @evaluatedAt, @rzeroVersion)`,
    evaluation,
  );
  for (const [position, result] of results.entries()) recordResult(db, evaluation.id, position, result);
}

function recordResult(db: Writer, evaluationId: string, position: number, result: ResultRecord): void {
  const { protocol, items, rightCounts, answers, ...row } = result;
  const keys = items.map(itemKey);
  db.run(INSERT_RESULT, {
    ...row,
    ...protocol,
    evaluationId,
    position,
    items: items.length,
    itemsSha256: sha256(keys.join('\n')),
    rightCounts: JSON.stringify(rightCounts),
    stops: JSON.stringify(protocol.stops),
  });
  if (answers === null) return;
  const { id: resultId } = db.get<{ readonly id: number }>(
    'SELECT id FROM evaluation_results WHERE evaluation_id = @evaluationId AND position = @position',
    { evaluationId, position },
  ) ?? { id: 0 };
  for (const [item, samples] of answers.entries()) {
    const itemId = recordItem(db, keys[item] ?? '', items[item] ?? { question: '', answer: '' });
    for (const [sampleIndex, answer] of samples.entries())
      db.run(INSERT_ANSWER, { ...answer, resultId, item, sampleIndex, itemId });
  }
}

/** The id of an item, which is recorded where it is new. */
function recordItem(db: Writer, key: string, { question, answer }: ResultRecord['items'][number]): number {
  db.run('INSERT OR IGNORE INTO evaluation_items (key, question, gold) VALUES (@key, @question, @answer)', {
    key,
    question,
    answer,
  });
  return db.get<{ readonly id: number }>('SELECT id FROM evaluation_items WHERE key = @key', { key })?.id ?? 0;
}

/** What an item is known by: its question and its reference, told apart by their lengths. */
const itemKey = ({ question, answer }: ResultRecord['items'][number]): string =>
  sha256(`${question.length} ${question}${answer}`);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const INSERT_RESULT = `
  INSERT INTO evaluation_results (evaluation_id, position, benchmark, domain, metric, rule, file, file_sha256, items,
    items_sha256, score, stderr, right_counts, shots, shots_file, template_sha256, prefix, temperature, samples, max_tokens,
    stops, seed, grader_version)
  VALUES (@evaluationId, @position, @benchmark, @domain, @metric, @rule, @file, @fileSha256, @items,
    @itemsSha256, @score, @stderr, @rightCounts, @shots, @shotsFile, @templateSha256, @prefix, @temperature, @samples,
    @maxTokens, @stops, @seed, @graderVersion)`;

const INSERT_ANSWER = `
  INSERT INTO evaluation_answers_given (result_id, item, sample_index, item_id, text, extracted, is_right, token_count,
    finished)
  VALUES (@resultId, @item, @sampleIndex, @itemId, @text, @extracted, @right, @tokenCount, @finished)`;
