import type { ChallengerWork } from '../machines/challenger.js';
import type { StepKey } from '../machines/messages.js';
import { samplingSettings } from '../src/lm/batching.js';
import { groupAdvantages } from '../src/rl/advantages.js';
import { challengerReward, questionMerits } from '../src/rl/challenger-reward.js';
import type { ParsedQuestion } from '../src/rl/questions.js';
import type { Rollout } from '../src/rl/rollout.js';
import type { Vote } from '../src/rl/vote.js';
import { addPhaseWork } from '../storage/phases.js';
import { type QuestionRecord, recordQuestions } from '../storage/questions.js';
import { recordStep } from '../storage/steps.js';
import { recordVote } from '../storage/votes.js';
import { answerText } from './answer-text.js';
import { Memo, type RunContext, timed, workKey } from './run-context.js';
import { meanAndDeviation, stepRecord } from './step-record.js';
import { voteRecord } from './vote-record.js';

/** Questions as the Challenger wrote them: each rollout and what was read from it. */
export interface WrittenQuestions {
  readonly rollouts: readonly Rollout[];
  readonly parsed: readonly ParsedQuestion[];
}

/** What the other roles need of the Challenger's memory. */
export interface ChallengerRole {
  readonly work: ChallengerWork;
  /** The questions of a training step, written again where they are not at hand. */
  readonly questionsOfStep: (key: StepKey) => Promise<WrittenQuestions>;
}

/** The Challenger at work. `votesOf` gives the votes on a training step's valid questions, in order. */
export function challengerRole(run: RunContext, votesOf: (key: StepKey) => Promise<readonly Vote[]>): ChallengerRole {
  const { config, format, model, recorder, runId } = run;
  const settings = config.rl.challenger;
  const prompt = model.tokenizer.encode(format.challengerPrompt);
  const memo = new Memo<WrittenQuestions>();

  const write = async (
    iteration: number,
    count: number,
    how: { temperature: number; topP: number },
    key: number,
  ): Promise<WrittenQuestions> => {
    const { policy } = run.challenger.enter(iteration);
    const sampling = samplingSettings({ ...how, maxTokens: settings.maxTokens, stops: format.challengerStops });
    const rollouts = (await policy.generate([prompt], count, sampling, key))[0] ?? [];
    return {
      rollouts,
      parsed: rollouts.map(({ completion }) => fitting(format.parseQuestion(model.tokenizer.decode(completion)))),
    };
  };
  /** A question that leaves the Solver no room for its answer is none. */
  const fitting = (parsed: ParsedQuestion): ParsedQuestion => {
    if (!parsed.valid) return parsed;
    const room = model.config.maxPositions - config.rl.solver.maxTokens;
    const prompt = format.solverPrompt(parsed.question, 'math');
    // A token is a byte at least, and a UTF-16 code unit three bytes at most.
    const fits = 3 * prompt.length <= room || model.tokenizer.encode(prompt).length <= room;
    return fits ? parsed : { valid: false, reason: 'too long' };
  };
  const questionsOfStep = ({ iteration, step }: StepKey): Promise<WrittenQuestions> =>
    memo.get(`${iteration} ${step}`, () =>
      write(iteration, settings.questions, { temperature: 1, topP: 1 }, workKey(run, 'challenger', iteration, step)),
    );

  const work: ChallengerWork = {
    rollOut: async (key) => {
      await recorder.settled();
      const { result, seconds } = await timed(() => questionsOfStep(key));
      recordTokens('write questions to train', key.iteration, result, seconds);
      return counts(result);
    },

    update: async ({ iteration, step }) => {
      const { result, seconds } = await timed(async () => {
        const written = await questionsOfStep({ iteration, step });
        const votes = await votesOf({ iteration, step });
        const valid = written.parsed.flatMap((parsed) => (parsed.valid ? [parsed.question] : []));
        const penalties = await run.grading.run('cluster', { questions: valid, threshold: settings.clusterThreshold });
        const merits = questionMerits(written.parsed, votes, penalties, settings);
        let next = 0;
        const rewards = written.parsed.map((parsed) =>
          challengerReward(parsed.valid ? (merits[next++] ?? null) : null, settings.repetitionPenalty),
        );
        const advantages = groupAdvantages(rewards, settings.standardise);
        const examples = written.rollouts.map((rollout, i) => ({ rollout, advantage: advantages[i] as number }));
        const { policy, reference } = run.challenger.enter(iteration);
        const report = await policy.update(examples, settings, reference);
        return { written, votes, merits, rewards, report };
      });
      const { written, votes, merits, rewards, report } = result;
      const checkpoint = report === null ? null : run.challenger.checkpoint(iteration, step + 1);
      recorder.record((writer) => {
        const ids = recordQuestions(
          writer,
          { runId, iteration, phase: 'challenger', batch: step },
          questionRecords(written, merits, rewards),
        );
        let next = 0;
        written.parsed.forEach((parsed, i) => {
          if (!parsed.valid) return;
          const vote = votes[next++] as Vote;
          recordVote(writer, ids[i] as number, voteRecord(vote, null));
          run.checkLabel(writer, ids[i] as number, parsed.question, vote.pseudoLabel);
        });
        recordStep(
          writer,
          stepRecord({ runId, iteration, role: 'challenger', step, rewards, groupCount: 1, report, seconds }),
        );
        addPhaseWork(writer, runId, iteration, { phase: 'train the Challenger', seconds, tokens: 0 });
        checkpoint?.(writer);
      });
      run.progress(`iteration ${iteration}: train the Challenger`, step + 1, settings.steps, 'steps');
      const { mean } = meanAndDeviation(rewards);
      return { rewardMean: mean, loss: report?.loss ?? 0, kl: report?.kl ?? 0, skipped: report === null };
    },

    writeBatch: async ({ iteration, batch }) => {
      await recorder.settled();
      const { questions, batch: size, temperature, topP } = config.rl.curriculum;
      const count = Math.min(size, questions - batch * size);
      const { result, seconds } = await timed(() =>
        write(iteration, count, { temperature, topP }, workKey(run, 'curriculum', iteration, batch)),
      );
      recorder.record((writer) => {
        recordQuestions(writer, { runId, iteration, phase: 'curriculum', batch }, questionRecords(result, null, null));
      });
      recordTokens('write the curriculum', iteration, result, seconds);
      return counts(result);
    },
  };

  const recordTokens = (phase: string, iteration: number, { rollouts }: WrittenQuestions, seconds: number): void => {
    const tokens = rollouts.reduce((sum, { completion }) => sum + completion.length, 0);
    recorder.record((writer) => addPhaseWork(writer, runId, iteration, { phase, seconds, tokens }));
  };
  const questionRecords = (
    { rollouts, parsed }: WrittenQuestions,
    merits: readonly { readonly repetitionPenalty: number }[] | null,
    rewards: readonly number[] | null,
  ): QuestionRecord[] => {
    let next = 0;
    return parsed.map((question, i) => {
      const rollout = rollouts[i] as Rollout;
      const { completion } = rollout;
      const written = answerText(model.tokenizer, rollout);
      const merit = question.valid ? (merits?.[next++] ?? null) : null;
      return {
        question: question.valid ? question.question : model.tokenizer.decode(completion),
        invalidReason: question.valid ? null : question.reason,
        ownAnswer: question.valid ? question.ownAnswer : null,
        challengerReward: rewards?.[i] ?? null,
        repetitionPenalty: merit?.repetitionPenalty ?? null,
        tokenCount: completion.length,
        completion: question.valid && written !== question.question ? written : null,
      };
    });
  };
  return { work, questionsOfStep };
}

const counts = ({ parsed }: WrittenQuestions) => ({
  questionCount: parsed.length,
  validCount: parsed.filter(({ valid }) => valid).length,
});
