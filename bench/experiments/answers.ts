import { answerText } from '../../actors/answer-text.js';
import { formatOf, readable, withReader } from '../../actors/model.js';
import { runSolver } from '../../actors/run-solver.js';
import { lastBoxed } from '../../src/grading/boxed.js';
import { equivalent } from '../../src/grading/equivalence.js';
import { oracleAnswer } from '../../src/grading/oracle.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { stream } from '../../src/random.js';
import { countVotes } from '../../src/rl/vote.js';
import type { MadeRun } from './runs.js';

/** What one Solver says to a question. */
export interface Answered {
  /** Share of the most common answer. */
  readonly voteShare: number;
  /** Share of the samples that are right, and whether the most common answer is (1 or 0); null where nothing can tell. */
  readonly right: number | null;
  readonly majorityRight: number | null;
}

/** The questions answered `samples` times each by the Solver of a run after an iteration; 0 is the frozen base. */
export async function answersOf(
  { runId, databaseFile, seed }: MadeRun,
  iteration: number,
  questions: readonly string[],
  samples: number,
): Promise<readonly Answered[]> {
  const { config, model, learned } = runSolver({ runId, iteration, databaseFile });
  const format = formatOf(model);
  const { workers, threadsPerWorker, executionProvider } = config;
  const rollouts = await withReader(
    readable(model, learned),
    { workers, threadsPerWorker, executionProvider },
    (reader) =>
      reader.generate(
        questions.map((question) => model.tokenizer.encode(format.solverPrompt(question, 'math'))),
        samples,
        samplingSettings({ temperature: 1, maxTokens: config.rl.solver.maxTokens, stops: format.solverStops }),
        stream(seed, 'labels', iteration),
      ),
  );
  return questions.map((question, i) => {
    const answers = (rollouts[i] ?? []).map((rollout) => lastBoxed(answerText(model.tokenizer, rollout)));
    const { voteShare, pseudoLabel } = countVotes(answers);
    const oracle = oracleAnswer(question);
    if (oracle === null) return { voteShare, right: null, majorityRight: null };
    const isRight = (answer: string | null): number => (answer !== null && equivalent(oracle, answer) ? 1 : 0);
    const right = answers.reduce((sum, answer) => sum + isRight(answer), 0) / answers.length;
    return { voteShare, right, majorityRight: isRight(pseudoLabel) };
  });
}
