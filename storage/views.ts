/**
 * The contract with people, notebooks and the dashboard: eleven views with these columns in this order.
 * Their rows keep the columns' names and SQLite's values (0 and 1 for booleans), so SQL, `--json` and code agree.
 */

/** One run. `iterations` is how many were asked for. */
export interface RunHistoryRow {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly preset: string;
  readonly model: string;
  readonly seed: number;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly iterations: number;
  readonly rzero_version: string;
}
export type RunStatus = 'running' | 'interrupted' | 'done' | 'nothing_left' | 'failed';

/** One iteration; 0 is the base model. Counts and shares are over the questions written for the Solver; label accuracy
 *  over the kept ones that the oracle could answer; rewards and KL are those of the role's last step. */
export interface IterationSummaryRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly questions: number;
  readonly valid: number;
  readonly kept: number;
  readonly mean_vote_share: number | null;
  readonly label_accuracy: number | null;
  readonly challenger_reward: number | null;
  readonly solver_reward: number | null;
  readonly solver_kl: number | null;
  readonly tokens: number;
  readonly seconds: number;
}

/** One question written for the Solver. A question that was never voted on is not kept, and says why. */
export interface CurriculumRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly question_id: number;
  readonly question: string;
  readonly pseudo_label: string | null;
  readonly vote_share: number | null;
  readonly kept: 0 | 1;
  readonly drop_reason: string | null;
  readonly oracle_answer: string | null;
  readonly label_correct: 0 | 1 | null;
  readonly challenger_reward: number | null;
  readonly repetition_penalty: number | null;
}

/** One answer of the Solver in the vote on a question of the curriculum. `vote_group` is its place among the vote's groups, null
 *  where nothing could be read from it; `agrees` with the pseudo-label; `logprob` is of the whole answer, null where a server
 *  gave none; an answer that is not `finished` was cut by the token limit. */
export interface CurriculumAnswerRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly question_id: number;
  readonly sample: number;
  readonly text: string;
  readonly answer: string | null;
  readonly vote_group: number | null;
  readonly agrees: 0 | 1;
  readonly tokens: number;
  readonly logprob: number | null;
  readonly finished: 0 | 1;
}

/** One group of a Solver's training step: the rollouts of one question. `rewards` is a JSON list; where all are equal the group
 *  teaches nothing. A question can be met in several steps. Runs of before version 6 of the database have none. */
export interface SolverGroupRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly step: number;
  readonly position: number;
  readonly question_id: number;
  readonly question: string;
  readonly pseudo_label: string | null;
  readonly label_correct: 0 | 1 | null;
  readonly vote_share: number | null;
  readonly rewards: string;
  readonly reward_mean: number;
  readonly teaches: 0 | 1;
}

/** One score, 0 to 100, with its standard error in the same points. */
export interface BenchmarkScoreRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly benchmark: string;
  readonly domain: 'math' | 'general';
  readonly metric: string;
  readonly items: number;
  readonly score: number;
  readonly stderr: number | null;
}

/** One training step; what an update reports is null where the step made none. */
export interface TrainingStepRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly role: 'challenger' | 'solver';
  readonly step: number;
  readonly loss: number | null;
  readonly reward_mean: number;
  readonly reward_std: number;
  readonly kl: number | null;
  readonly clip_fraction: number | null;
  readonly grad_norm: number | null;
  readonly entropy: number | null;
  readonly tokens: number;
  readonly seconds: number;
}

/** One task of one worker: `model 0`, `model 1`, …, or `grading`. Times are UTC with milliseconds; `start_seconds` and
 *  `end_seconds` count from the run's first task. Only what is done is in it, not the waiting. */
export interface TimelineRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly worker: string;
  readonly task: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly start_seconds: number;
  readonly end_seconds: number;
  readonly seconds: number;
}

/** How busy a worker was in an iteration. Its wall time is from the first task of any worker to the end of the last, without
 *  the time between a stop and the resume; the share is null where that is no time at all. */
export interface WorkerUtilisationRow {
  readonly run_id: string;
  readonly iteration: number;
  readonly worker: string;
  readonly busy_seconds: number;
  readonly wall_seconds: number;
  readonly busy_share: number | null;
}

/** One score of an evaluation, 0 to 100, and the protocol under which it was taken. `run_id` and `iteration` are null for a
 *  checkpoint. `temperature` 0 took the likeliest token each time; `stops` is a JSON list. */
export interface EvaluationScoreRow {
  readonly evaluation_id: string;
  readonly target: string;
  readonly run_id: string | null;
  readonly iteration: number | null;
  readonly evaluated_at: string;
  readonly benchmark: string;
  readonly domain: 'math' | 'general';
  readonly metric: string;
  readonly file: string | null;
  readonly file_sha256: string | null;
  readonly items: number;
  readonly score: number;
  readonly stderr: number | null;
  readonly shots: number;
  readonly shots_file: string | null;
  readonly template_sha256: string;
  readonly prefix: string | null;
  readonly temperature: number;
  readonly samples: number;
  readonly max_tokens: number;
  readonly stops: string;
  readonly seed: number;
  readonly grader_version: number;
}

/** One answer of an evaluation: what was asked, said, read from it and made of it. `item` counts from 0 in the order of the
 *  file. A run's own evaluations keep no answers, only how many are right. */
export interface EvaluationAnswerRow {
  readonly evaluation_id: string;
  readonly benchmark: string;
  readonly metric: string;
  readonly item: number;
  readonly sample: number;
  readonly question: string;
  readonly gold: string;
  readonly text: string;
  readonly extracted: string | null;
  readonly is_right: 0 | 1;
  readonly tokens: number;
  readonly finished: 0 | 1;
}

export const VIEW_NAMES = [
  'run_history',
  'iteration_summary',
  'curriculum',
  'curriculum_answers',
  'solver_groups',
  'benchmark_scores',
  'training_steps',
  'timeline',
  'worker_utilisation',
  'evaluation_scores',
  'evaluation_answers',
] as const;

/** The statement that makes each view. Beside max(), SQLite takes the other columns from the row that holds it. */
export const CREATE_VIEWS = {
  run_history: `
CREATE VIEW run_history AS
SELECT id AS run_id, status, preset, model, seed, started_at, finished_at, iterations, rzero_version
FROM runs ORDER BY number`,

  iteration_summary: `
CREATE VIEW iteration_summary AS
WITH iterations AS (
  SELECT run_id, iteration FROM phases
  UNION SELECT run_id, iteration FROM questions
  UNION SELECT run_id, iteration FROM steps
  UNION SELECT run_id, iteration FROM scores
), written AS (
  SELECT q.run_id, q.iteration, count(*) AS questions, sum(q.valid) AS valid,
    count(*) FILTER (WHERE v.kept = 1) AS kept,
    avg(v.vote_share) AS mean_vote_share,
    avg(v.label_correct) FILTER (WHERE v.kept = 1) AS label_accuracy
  FROM questions q LEFT JOIN votes v ON v.question_id = q.id
  WHERE q.phase = 'curriculum' GROUP BY q.run_id, q.iteration
), last_step AS (
  SELECT run_id, iteration, role, max(step), reward_mean, kl FROM steps GROUP BY run_id, iteration, role
), work AS (
  SELECT run_id, iteration, sum(tokens) AS tokens, sum(seconds) AS seconds FROM phases GROUP BY run_id, iteration
)
SELECT i.run_id, i.iteration, coalesce(w.questions, 0) AS questions, coalesce(w.valid, 0) AS valid,
  coalesce(w.kept, 0) AS kept, w.mean_vote_share, w.label_accuracy,
  c.reward_mean AS challenger_reward, s.reward_mean AS solver_reward, s.kl AS solver_kl,
  coalesce(p.tokens, 0) AS tokens, coalesce(p.seconds, 0.0) AS seconds
FROM iterations i
LEFT JOIN written w ON w.run_id = i.run_id AND w.iteration = i.iteration
LEFT JOIN last_step c ON c.run_id = i.run_id AND c.iteration = i.iteration AND c.role = 'challenger'
LEFT JOIN last_step s ON s.run_id = i.run_id AND s.iteration = i.iteration AND s.role = 'solver'
LEFT JOIN work p ON p.run_id = i.run_id AND p.iteration = i.iteration
ORDER BY i.run_id, i.iteration`,

  curriculum: `
CREATE VIEW curriculum AS
SELECT q.run_id, q.iteration, q.id AS question_id, q.question, v.pseudo_label, v.vote_share,
  coalesce(v.kept, 0) AS kept,
  CASE WHEN v.drop_reason IS NOT NULL THEN v.drop_reason WHEN q.valid = 0 THEN 'invalid'
    WHEN v.kept IS NULL THEN 'not_voted' END AS drop_reason,
  v.oracle_answer, v.label_correct, q.challenger_reward, q.repetition_penalty
FROM questions q LEFT JOIN votes v ON v.question_id = q.id
WHERE q.phase = 'curriculum'`,

  curriculum_answers: `
CREATE VIEW curriculum_answers AS
SELECT q.run_id, q.iteration, a.question_id, a.sample_index AS sample, a.text, a.answer, a.vote_group, a.agrees,
  a.token_count AS tokens, a.logprob_sum AS logprob, a.finished
FROM answers a JOIN questions q ON q.id = a.question_id
WHERE q.phase = 'curriculum'`,

  solver_groups: `
CREATE VIEW solver_groups AS
SELECT s.run_id, s.iteration, s.step, s.position, s.question_id, q.question, v.pseudo_label, v.label_correct, v.vote_share,
  s.rewards, (SELECT avg(value) FROM json_each(s.rewards)) AS reward_mean,
  (SELECT min(value) < max(value) FROM json_each(s.rewards)) AS teaches
FROM step_questions s JOIN questions q ON q.id = s.question_id LEFT JOIN votes v ON v.question_id = s.question_id`,

  benchmark_scores: `
CREATE VIEW benchmark_scores AS
SELECT run_id, iteration, benchmark, domain, metric, items, score, stderr FROM scores`,

  training_steps: `
CREATE VIEW training_steps AS
SELECT run_id, iteration, role, step, loss, reward_mean, reward_std, kl, clip_fraction, grad_norm, entropy,
  tokens, seconds
FROM steps`,

  timeline: `
CREATE VIEW timeline AS
SELECT run_id, iteration, worker, task,
  strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000, 'unixepoch') AS ended_at,
  (started_ms - min(started_ms) OVER of_run) / 1000 AS start_seconds,
  (ended_ms - min(started_ms) OVER of_run) / 1000 AS end_seconds,
  (ended_ms - started_ms) / 1000 AS seconds
FROM worker_tasks WINDOW of_run AS (PARTITION BY run_id)`,

  worker_utilisation: `
CREATE VIEW worker_utilisation AS
WITH sittings AS (
  SELECT run_id, iteration, max(ended_ms) - min(started_ms) AS ms FROM worker_tasks
  GROUP BY run_id, iteration, sitting
), walls AS (
  SELECT run_id, iteration, sum(ms) / 1000 AS seconds FROM sittings GROUP BY run_id, iteration
), busy AS (
  SELECT run_id, iteration, worker, sum(ended_ms - started_ms) / 1000 AS seconds FROM worker_tasks
  GROUP BY run_id, iteration, worker
)
SELECT b.run_id, b.iteration, b.worker, b.seconds AS busy_seconds, w.seconds AS wall_seconds,
  b.seconds / w.seconds AS busy_share
FROM busy b JOIN walls w ON w.run_id = b.run_id AND w.iteration = b.iteration`,

  evaluation_scores: `
CREATE VIEW evaluation_scores AS
SELECT e.id AS evaluation_id, e.target, e.run_id, e.iteration, e.evaluated_at, r.benchmark, r.domain, r.metric, r.file,
  r.file_sha256, r.items, r.score, r.stderr, r.shots, r.shots_file, r.template_sha256, r.prefix, r.temperature, r.samples,
  r.max_tokens, r.stops, r.seed, r.grader_version
FROM evaluations e JOIN evaluation_results r ON r.evaluation_id = e.id ORDER BY e.number, r.position`,

  evaluation_answers: `
CREATE VIEW evaluation_answers AS
SELECT r.evaluation_id, r.benchmark, r.metric, a.item, a.sample_index AS sample, i.question, i.gold, a.text, a.extracted,
  a.is_right, a.token_count AS tokens, a.finished
FROM evaluation_results r
JOIN evaluation_answers_given a ON a.result_id = r.id
JOIN evaluation_items i ON i.id = a.item_id
ORDER BY r.id, a.item, a.sample_index`,
} as const satisfies Record<(typeof VIEW_NAMES)[number], string>;
