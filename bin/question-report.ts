import { z } from 'zod';
import { InternalError, UsageError } from '../src/errors.js';
import { gatedFrontierReward } from '../src/rl/frontier.js';
import type { Reader } from '../storage/connection.js';
import { runDetails } from '../storage/find-run.js';
import { type QuestionDetails, questionDetails } from '../storage/question-details.js';

/** One question and all that became of it, as `show --question` and the dashboard tell it; `--json` prints it as it is. */
export interface QuestionReport {
  readonly question: QuestionDetails;
  /** How its reward comes about; null where the vote or the run's settings do not tell. */
  readonly reward: RewardStory | null;
  /** Vote shares that the run keeps; null where its settings do not tell. */
  readonly band: readonly [low: number, high: number] | null;
}

/** reward = max(0, frontier_reward − penalty_weight · repetition_penalty). */
export interface RewardStory {
  readonly shape: 'code' | 'paper';
  readonly gated: boolean;
  /** Of a question of the curriculum, for which nothing is paid, what it would be. */
  readonly frontier_reward: number;
  readonly penalty_weight: number;
}

/** The question of this id. `run` must be its run where one is named.
 *  @throws UsageError where there is none, or it is of another run. */
export function readQuestion(db: Reader, questionId: number, run?: string): QuestionReport {
  const question = questionDetails(db, questionId);
  if (question === undefined) throw new UsageError(unknownQuestion(db, questionId));
  const named = run === undefined ? question.run_id : runDetails(db, run).id;
  if (named !== question.run_id)
    throw new UsageError(`question ${questionId} is of run ${question.run_id}, not of ${named}; leave the run out`);
  const settings = QUESTION_SETTINGS.safeParse(runDetails(db, question.run_id).config);
  if (!settings.success) return { question, reward: null, band: null }; // a run of a version that had others
  const { challenger, curriculum } = settings.data.rl;
  return { question, reward: rewardStory(question, challenger), band: curriculum.band };
}

/** The settings of a run that a question's story needs. */
const QUESTION_SETTINGS = z.object({
  rl: z.object({
    challenger: z.object({
      reward: z.enum(['code', 'paper']),
      gated: z.boolean(),
      repetitionPenalty: z.number(),
    }),
    curriculum: z.object({ band: z.tuple([z.number(), z.number()]) }),
  }),
});

function rewardStory(
  { vote, own_answer }: QuestionDetails,
  { reward: shape, gated, repetitionPenalty }: z.infer<typeof QUESTION_SETTINGS>['rl']['challenger'],
): RewardStory | null {
  if (vote === null || vote.vote_share === null) return null;
  const counted = { voteShare: vote.vote_share, pseudoLabel: vote.pseudo_label };
  const frontier_reward = gatedFrontierReward(counted, shape, gated ? own_answer : null);
  return { shape, gated, frontier_reward, penalty_weight: repetitionPenalty };
}

function unknownQuestion(db: Reader, questionId: number): string {
  const range = db.get<{ readonly first: number | null; readonly last: number | null }>(
    'SELECT min(id) AS first, max(id) AS last FROM questions',
    {},
  );
  if (range === undefined) throw new InternalError('an aggregate gave no row');
  const { first, last } = range;
  const known = first === null ? 'it has none yet' : `ids go from ${first} to ${last}`;
  return `there is no question ${questionId} in ${db.path}: ${known}; the view curriculum has their ids`;
}
