import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import type { BatchKey, StepKey } from '../machines/messages.js';
import type { SolverWork } from '../machines/solver.js';
import { samplingSettings } from '../src/lm/batching.js';
import { Random } from '../src/random.js';
import { groupAdvantages } from '../src/rl/advantages.js';
import type { Rollout, ScoredGroup } from '../src/rl/rollout.js';
import { addPhaseWork } from '../storage/phases.js';
import { questionsOfBatch } from '../storage/questions.js';
import { recordStepQuestions } from '../storage/step-questions.js';
import { recordStep } from '../storage/steps.js';
import { type KeptQuestion, keptQuestions } from '../storage/votes.js';
import { answerText } from './answer-text.js';
import type { WrittenQuestions } from './challenger.js';
import { Memo, type RunContext, timed, tokenCount, workKey } from './run-context.js';
import { meanAndDeviation, stepRecord, zeroVarianceCount } from './step-record.js';

/** The Solver's answers to the valid questions of a batch. */
export interface AnsweredQuestions {
  readonly questions: readonly string[];
  readonly answers: readonly (readonly Rollout[])[];
}

/** The groups of a training step with their questions, and how long they took. */
interface RolledOut {
  readonly questions: readonly KeptQuestion[];
  readonly groups: readonly ScoredGroup[];
  readonly seconds: number;
}

export interface SolverRole {
  readonly work: SolverWork;
  /** The answers to a batch, given again where they are not at hand. */
  readonly answersOf: (key: BatchKey) => Promise<AnsweredQuestions>;
}

/** The Solver at work. `writtenFor` gives the questions of one of the Challenger's training steps. */
export function solverRole(run: RunContext, writtenFor: (key: StepKey) => Promise<WrittenQuestions>): SolverRole {
  const { config, db, format, model, recorder, runId } = run;
  const settings = config.rl.solver;
  const answered = new Memo<AnsweredQuestions>();
  const groups = new Memo<RolledOut>();
  const curricula = new Memo<readonly KeptQuestion[]>();

  const questionsOf = async ({ iteration, purpose, index }: BatchKey): Promise<string[]> => {
    if (purpose === 'challenger') {
      const { parsed } = await writtenFor({ iteration, step: index });
      return parsed.flatMap((question) => (question.valid ? [question.question] : []));
    }
    await recorder.settled();
    const stored = questionsOfBatch(db, { runId, iteration, phase: 'curriculum', batch: index });
    return stored.flatMap(({ question, invalidReason }) => (invalidReason === null ? [question] : []));
  };
  const answer = async (
    iteration: number,
    questions: readonly string[],
    samples: number,
    temperature: number,
    key: number,
  ): Promise<Rollout[][]> => {
    const { policy } = run.solver.enter(iteration);
    const prompts = questions.map((question) => model.tokenizer.encode(format.solverPrompt(question, 'math')));
    return policy.generate(
      prompts,
      samples,
      samplingSettings({ temperature, maxTokens: settings.maxTokens, stops: format.solverStops }),
      key,
    );
  };
  const answersOf = (key: BatchKey): Promise<AnsweredQuestions> =>
    answered.get(`${key.iteration} ${key.purpose} ${key.index}`, async () => {
      const questions = await questionsOf(key);
      const [votes, temperature] =
        key.purpose === 'challenger'
          ? [config.rl.challenger.votes, 1]
          : [config.rl.curriculum.votes, config.rl.curriculum.temperature];
      const place = workKey(run, 'answers', key.purpose, key.iteration, key.index);
      return { questions, answers: await answer(key.iteration, questions, votes, temperature, place) };
    });
  const curriculumOf = (iteration: number): Promise<readonly KeptQuestion[]> =>
    curricula.get(`${iteration}`, async () => {
      await recorder.settled();
      return keptQuestions(db, runId, iteration);
    });
  const groupsOf = ({ iteration, step }: StepKey): Promise<RolledOut> =>
    groups.get(`${iteration} ${step}`, async () => {
      const chosen = questionsOfStep(run, await curriculumOf(iteration), iteration, step);
      const start = performance.now();
      const rollouts = await answer(
        iteration,
        chosen.map(({ question }) => question),
        settings.rollouts,
        1,
        workKey(run, 'solver', iteration, step),
      );
      const rewards = await run.grading.run('reward', {
        groups: rollouts.map((group, i) => ({
          answers: group.map((rollout) => ({ text: answerText(model.tokenizer, rollout), finished: rollout.finished })),
          pseudoLabel: (chosen[i] as KeptQuestion).pseudoLabel,
        })),
        formatWeight: settings.formatWeight,
      });
      const seconds = (performance.now() - start) / 1000;
      const groups = rollouts.map((group, i) => ({ rollouts: group, rewards: rewards[i] as number[] }));
      return { questions: chosen, groups, seconds };
    });
  const recordTokens = (
    phase: string,
    iteration: number,
    rollouts: readonly (readonly Rollout[])[],
    seconds: number,
  ): void => {
    recorder.record((writer) =>
      addPhaseWork(writer, runId, iteration, { phase, seconds, tokens: tokenCount(rollouts) }),
    );
  };

  const work: SolverWork = {
    answer: async (key) => {
      const { result, seconds } = await timed(() => answersOf(key));
      recordTokens(
        key.purpose === 'challenger' ? 'answer to train the Challenger' : 'answer the curriculum',
        key.iteration,
        result.answers,
        seconds,
      );
      return { answerCount: result.answers.flat().length };
    },

    rollOut: async (key) => {
      const { groups, seconds } = await groupsOf(key);
      recordTokens(
        'roll out the Solver',
        key.iteration,
        groups.map(({ rollouts }) => rollouts),
        seconds,
      );
      const rewards = groups.flatMap((group) => group.rewards);
      return { questionCount: groups.length, zeroVarianceCount: zeroVarianceCount(rewards, groups.length) };
    },

    update: async ({ iteration, step }) => {
      const { questions, groups: scored } = await groupsOf({ iteration, step });
      const examples = scored.flatMap(({ rollouts, rewards }) => {
        const advantages = groupAdvantages(rewards, settings.standardise);
        return rollouts.map((rollout, i) => ({ rollout, advantage: advantages[i] as number }));
      });
      const { policy, reference } = run.solver.enter(iteration);
      const { result: report, seconds } = await timed(() => policy.update(examples, settings, reference));
      // The next step's rollouts are sampled while this one's weights are written. Whoever needs them hears of a failure.
      if (step + 1 < settings.steps) groupsOf({ iteration, step: step + 1 }).catch(() => {});
      await eventLoopTurn(); // the workers have their tasks before the writing blocks this thread
      const rewards = scored.flatMap((group) => group.rewards);
      const checkpoint = report === null ? null : run.solver.checkpoint(iteration, step + 1);
      recorder.record((writer) => {
        recordStep(
          writer,
          stepRecord({ runId, iteration, role: 'solver', step, rewards, groupCount: scored.length, report, seconds }),
        );
        recordStepQuestions(
          writer,
          { runId, iteration, step },
          scored.map((group, i) => ({ ...(questions[i] as KeptQuestion), rewards: group.rewards })),
        );
        addPhaseWork(writer, runId, iteration, { phase: 'train the Solver', seconds, tokens: 0 });
        checkpoint?.(writer);
      });
      run.progress(`iteration ${iteration}: train the Solver`, step + 1, settings.steps, 'steps');
      return {
        rewardMean: meanAndDeviation(rewards).mean,
        loss: report?.loss ?? 0,
        kl: report?.kl ?? 0,
        skipped: report === null,
      };
    },
  };
  return { work, answersOf };
}

/** The questions of a step: the kept ones in random order, pass after pass, so that each is met equally often. */
function questionsOfStep(
  run: RunContext,
  kept: readonly KeptQuestion[],
  iteration: number,
  step: number,
): KeptQuestion[] {
  const size = run.config.rl.solver.questions;
  const passes = new Map<number, KeptQuestion[]>();
  return Array.from({ length: kept.length === 0 ? 0 : size }, (_, i) => {
    const place = step * size + i;
    const pass = Math.floor(place / kept.length);
    let order = passes.get(pass);
    if (order === undefined) {
      order = new Random(workKey(run, 'solver order', iteration, pass)).shuffled(kept);
      passes.set(pass, order);
    }
    return order[place % kept.length] as KeptQuestion;
  });
}
