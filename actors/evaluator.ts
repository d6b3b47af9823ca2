import { randomInt } from 'node:crypto';
import type { EvaluatorWork } from '../machines/evaluator.js';
import type { BatchKey } from '../machines/messages.js';
import { generatedSuite } from '../src/benchmarks/suite.js';
import { lastBoxed } from '../src/grading/boxed.js';
import { questionKey, selectCurriculum } from '../src/rl/curriculum.js';
import type { Rollout } from '../src/rl/rollout.js';
import type { Vote } from '../src/rl/vote.js';
import { type AnswerRecord, recordAnswers } from '../storage/answers.js';
import { newEvaluationId, recordEvaluation } from '../storage/evaluations.js';
import { runDetails } from '../storage/find-run.js';
import { addPhaseWork } from '../storage/phases.js';
import { questionsOfBatch } from '../storage/questions.js';
import { recordScore } from '../storage/scores.js';
import { recordVote } from '../storage/votes.js';
import { answerText } from './answer-text.js';
import { runBenchmarks, type ScoreRow } from './benchmarks.js';
import { resultRecord } from './evaluation-record.js';
import { Memo, once, type RunContext, timed, workKey } from './run-context.js';
import type { AnsweredQuestions } from './solver.js';
import { voteRecord } from './vote-record.js';

export interface EvaluatorRole {
  readonly work: EvaluatorWork;
  /** The votes on a batch's valid questions, counted again where they are not at hand. */
  readonly votesOf: (key: BatchKey) => Promise<readonly Vote[]>;
}

/** The same items at every iteration and for every seed: gains are of the model, not of the draw. */
const SUITE_SEED = 0;

/** The Evaluator at work. `answersOf` gives the Solver's answers to a batch. */
export function evaluatorRole(
  run: RunContext,
  answersOf: (key: BatchKey) => Promise<AnsweredQuestions>,
): EvaluatorRole {
  const { config, db, recorder, runId } = run;
  const counted = new Memo<readonly Vote[]>();
  const suite = once(() => generatedSuite(config.evaluation.items, SUITE_SEED));
  const votesOf = (key: BatchKey): Promise<readonly Vote[]> =>
    counted.get(`${key.iteration} ${key.purpose} ${key.index}`, async () => {
      const { answers } = await answersOf(key);
      return run.grading.run(
        'vote',
        answers.map((group) => group.map((rollout) => readAnswer(run, rollout))),
      );
    });

  const work: EvaluatorWork = {
    vote: async (key) => {
      const { questions, answers } = await answersOf(key);
      const votes = await votesOf(key);
      if (key.purpose === 'challenger') return { votedCount: votes.length, keptCount: 0 };
      await recorder.settled();
      const seen = questionsSeen(run, key);
      const voted = questions.map((question, i) => ({ question, vote: votes[i] as Vote }));
      const selections = selectCurriculum(voted, config.rl.curriculum.band, seen);
      const stored = questionsOfBatch(db, { runId, iteration: key.iteration, phase: 'curriculum', batch: key.index });
      const ids = stored.flatMap(({ id, invalidReason }) => (invalidReason === null ? [id] : []));
      recorder.record((writer) => {
        voted.forEach(({ question, vote }, i) => {
          recordVote(writer, ids[i] as number, voteRecord(vote, selections[i] ?? null));
          run.checkLabel(writer, ids[i] as number, question, vote.pseudoLabel);
          recordAnswers(writer, ids[i] as number, answerRecords(run, answers[i] ?? [], vote));
        });
      });
      const { questions: total, batch: size } = config.rl.curriculum;
      run.progress(
        `iteration ${key.iteration}: write and vote`,
        Math.min(total, (key.index + 1) * size),
        total,
        'questions',
      );
      return { votedCount: votes.length, keptCount: selections.filter(({ kept }) => kept).length };
    },

    evaluate: async ({ iteration }) => {
      await recorder.settled();
      const { samples, maxTokens, worked } = config.evaluation;
      const { policy } = run.solver.enter(iteration);
      const { url, lora } = config.rollouts;
      // A server that does not get what was learnt would be measured in the policy's place.
      const measured = url !== null && lora === 'none' ? policy.frozen() : policy;
      const label = iteration === 0 ? 'evaluate the base' : `iteration ${iteration}: evaluate`;
      const { result, seconds } = await timed(() =>
        runBenchmarks(
          { policy: measured, tokenizer: run.model.tokenizer, format: run.format, grading: run.grading },
          suite(),
          {
            samples,
            maxTokens,
            worked,
            shots: new Map(),
            stops: [],
            contextTokens: run.model.config.maxPositions,
            seed: config.seed,
            key: workKey(run, 'evaluation', iteration),
          },
          (done, total) => run.progress(label, done, total, 'passes'),
        ),
      );
      const rows = result.results.map(({ row }) => row);
      recorder.record((writer) => {
        for (const { stderr, ...row } of rows)
          recordScore(writer, { runId, iteration, ...row, stderr: Number.isNaN(stderr) ? null : stderr }); // one item has none
        recordEvaluation(
          writer,
          {
            id: newEvaluationId(writer, randomInt),
            origin: 'run',
            target: `${runId}@${iteration}`,
            runId,
            iteration,
            evaluatedAt: new Date().toISOString(),
            rzeroVersion: runDetails(writer, runId).rzeroVersion,
          },
          result.results.map((each) => resultRecord(each, false)), // the texts would be most of the database
        );
        addPhaseWork(writer, runId, iteration, { phase: 'evaluate', seconds, tokens: result.tokens });
      });
      return { math: average(rows, 'math', 'greedy'), general: average(rows, 'general', 'greedy') };
    },
  };
  return { work, votesOf };
}

/** What an answer votes for; null is a vote for none. An answer that was cut has none. */
function readAnswer(run: RunContext, rollout: Rollout): string | null {
  return lastBoxed(answerText(run.model.tokenizer, rollout));
}

function answerRecords(run: RunContext, rollouts: readonly Rollout[], vote: Vote): AnswerRecord[] {
  const winner = vote.groups.findIndex(({ answer }) => answer === vote.pseudoLabel);
  return rollouts.map((rollout, i) => ({
    text: answerText(run.model.tokenizer, rollout),
    answer: readAnswer(run, rollout),
    voteGroup: vote.groupIndexes[i] ?? null,
    tokenCount: rollout.completion.length,
    logprobSum: logprobSum(rollout),
    finished: rollout.finished,
    agrees: winner >= 0 && vote.groupIndexes[i] === winner,
  }));
}

const logprobSum = ({ completion, logprobs }: Rollout): number | null =>
  logprobs.length === completion.length ? logprobs.reduce((sum, logprob) => sum + logprob, 0) : null;

/** The keys of the iteration's questions in earlier batches, kept or not. */
function questionsSeen({ db, runId }: RunContext, { iteration, index }: BatchKey): Set<string> {
  const seen = new Set<string>();
  for (let batch = 0; batch < index; batch++) {
    for (const { question, invalidReason } of questionsOfBatch(db, { runId, iteration, phase: 'curriculum', batch })) {
      if (invalidReason === null) seen.add(questionKey(question));
    }
  }
  return seen;
}

function average(rows: readonly ScoreRow[], domain: ScoreRow['domain'], metric: string): number {
  const own = rows.filter((row) => row.domain === domain && row.metric === metric);
  return own.reduce((sum, { score }) => sum + score, 0) / own.length;
}
