import { Random, stream } from '../../src/random.js';
import { recordAnswers } from '../../storage/answers.js';
import { commit, type Writer } from '../../storage/connection.js';
import { recordEvent } from '../../storage/events.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { addPhaseWork } from '../../storage/phases.js';
import { recordQuestions } from '../../storage/questions.js';
import { createRun } from '../../storage/runs.js';
import { recordScore } from '../../storage/scores.js';
import { recordStepQuestions } from '../../storage/step-questions.js';
import { recordStep } from '../../storage/steps.js';
import { recordVote } from '../../storage/votes.js';

/** How much of a run to write. */
export interface LongRun {
  readonly runId: string;
  readonly iterations: number;
  readonly questionsPerIteration: number;
  /** m. */
  readonly answers: number;
}

const AT = '2026-01-02T03:04:05.000Z';
const BATCH = 500;
const STEPS = 15;
const GROUPS = 32;

/** Records a run as a real one does, with made-up sums for questions: to see what a database of many questions takes. */
export function recordLongRun(db: Writer, run: LongRun): void {
  commit(db, () => {
    const rest = { preset: 'paper', model: 'tiny', seed: 0, config: {}, startedAt: AT, rzeroVersion: '0.1.0' };
    createRun(db, { id: run.runId, iterations: run.iterations, ...rest });
  });
  for (let iteration = 1; iteration <= run.iterations; iteration++) {
    const kept: number[] = [];
    for (let batch = 0; batch * BATCH < run.questionsPerIteration; batch++)
      commit(db, () => kept.push(...recordBatch(db, run, iteration, batch)));
    commit(db, () => recordTraining(db, run.runId, iteration, kept));
  }
}

/** Records one batch of the curriculum and gives the ids of the questions that are kept. */
function recordBatch(db: Writer, run: LongRun, iteration: number, batch: number): readonly number[] {
  const random = new Random(stream(0, run.runId, iteration, batch));
  const count = Math.min(BATCH, run.questionsPerIteration - batch * BATCH);
  const sums = Array.from({ length: count }, () => [random.integer(1, 1000), random.integer(1, 1000)] as const);
  const ids = recordQuestions(
    db,
    { runId: run.runId, iteration, phase: 'curriculum', batch },
    sums.map(([a, b]) => ({
      question: `What is ${a} plus ${b}?`,
      invalidReason: random.next() < 0.02 ? 'wrong end' : null,
      ownAnswer: null,
      challengerReward: null,
      repetitionPenalty: null,
      tokenCount: 12,
      completion: null,
    })),
  );
  return ids.filter((id, i) => {
    const [a, b] = sums[i] ?? [0, 0];
    const agreeing = random.integer(1, run.answers + 1);
    const label = a + b + (random.next() < 0.7 ? 0 : 10);
    const share = agreeing / run.answers;
    const kept = share >= 0.3 && share <= 0.8;
    const groups = [
      { answer: String(label), count: agreeing },
      { answer: String(label + 1), count: run.answers - agreeing },
    ];
    recordVote(db, id, {
      voteCount: run.answers,
      voteShare: share,
      pseudoLabel: String(label),
      groups: groups.filter((group) => group.count > 0),
      kept,
      dropReason: kept ? null : share < 0.3 ? 'too_hard' : 'too_easy',
    });
    recordLabelCheck(db, id, { oracleAnswer: String(a + b), labelCorrect: label === a + b, verdictId: null });
    const answers = Array.from({ length: run.answers }, (_, sample) => {
      const group = sample < agreeing ? 0 : 1;
      const answer = String(label + group);
      const text = `${a} and ${b} are ${answer}, so \\boxed{${answer}}`;
      const tokenCount = random.integer(20, 60);
      return { text, answer, voteGroup: group, tokenCount, logprobSum: -2, finished: true, agrees: group === 0 };
    });
    recordAnswers(db, id, answers);
    return kept;
  });
}

function recordTraining(db: Writer, runId: string, iteration: number, kept: readonly number[]): void {
  const random = new Random(stream(0, runId, iteration, 'training'));
  for (let step = 0; step < STEPS; step++) {
    const groups = Array.from({ length: GROUPS }, () => ({
      questionId: random.pick(kept),
      rewards: Array.from({ length: 5 }, () => (random.next() < 0.5 ? 1 : 0.1)),
    }));
    recordStepQuestions(db, { runId, iteration, step }, groups);
    recordStep(db, {
      runId,
      iteration,
      role: 'solver',
      step,
      rewardMean: 0.5,
      rewardStd: 0.4,
      zeroVarianceGroups: 0,
      tokens: 1000,
      seconds: 1,
      update: null,
    });
    const type = 'solver.updated';
    recordEvent(db, { runId, at: AT, actor: 'supervisor', type, payload: { type, iteration, step } });
  }
  addPhaseWork(db, runId, iteration, { phase: 'train the Solver', seconds: STEPS, tokens: 1000 * STEPS });
  const about = { runId, iteration, domain: 'math', metric: 'greedy', items: 500, stderr: 2, file: null } as const;
  recordScore(db, { ...about, benchmark: 'two_digit_addition', score: 40 + Math.min(50, iteration) });
}
