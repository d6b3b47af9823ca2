import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit, type Writer } from '../../storage/connection.js';
import { ALL_QUESTIONS, curriculumPage } from '../../storage/curriculum.js';
import { iterationSummary } from '../../storage/iterations.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { addPhaseWork, phaseWork } from '../../storage/phases.js';
import { type QuestionRecord, recordQuestions } from '../../storage/questions.js';
import { benchmarkScores, recordScore, type ScoreRecord } from '../../storage/scores.js';
import { type Role, recordStep, type StepRecord, trainingSteps } from '../../storage/steps.js';
import { dropReasons, keptQuestions, recordVote, type VoteRecord } from '../../storage/votes.js';
import { aQuestion, aVote, database } from './support.js';

const RUN = 'rview';

/** Five curriculum questions of iteration 1: two kept, one too easy, one invalid, one not voted on. */
function recordCurriculum(db: Writer): readonly number[] {
  const questions: readonly QuestionRecord[] = [
    aQuestion({ question: 'first' }),
    aQuestion({ question: 'second' }),
    aQuestion({ question: 'easy' }),
    aQuestion({ question: 'nonsense', invalidReason: 'no question', challengerReward: -1 }),
    aQuestion({ question: 'waiting' }),
  ];
  const votes: readonly VoteRecord[] = [
    aVote({ voteShare: 0.6 }),
    aVote({ voteShare: 0.8 }),
    aVote({ voteShare: 1, kept: false, dropReason: 'too_easy' }),
  ];
  return commit(db, () => {
    const ids = recordQuestions(db, { runId: RUN, iteration: 1, phase: 'curriculum', batch: 0 }, questions);
    for (const [index, vote] of votes.entries()) {
      recordVote(db, ids[index] ?? 0, vote);
      const labelCorrect = index !== 1;
      recordLabelCheck(db, ids[index] ?? 0, {
        oracleAnswer: labelCorrect ? '124' : '125',
        labelCorrect,
        verdictId: null,
      });
    }
    return ids;
  });
}

function aStep(role: Role, step: number, changes: Partial<StepRecord> = {}): StepRecord {
  const update = {
    loss: 0.1,
    kl: 0.01 * (step + 1),
    clipFraction: 0.02,
    gradNorm: 0.9,
    entropy: 1.2,
    logprobDriftMean: 1e-5,
    logprobDriftMax: 3e-4,
  };
  const rewards = { rewardMean: 0.5 + step, rewardStd: 0.2, zeroVarianceGroups: 3 };
  return { runId: RUN, iteration: 1, role, step, ...rewards, tokens: 1000, seconds: 0.7, update, ...changes };
}

function aScore(changes: Partial<ScoreRecord>): ScoreRecord {
  const where = { runId: RUN, iteration: 0, benchmark: 'gpt3-arithmetic', domain: 'math', metric: 'greedy' } as const;
  return { ...where, items: 200, score: 36.5, stderr: 3.4, file: null, ...changes };
}

test('an iteration sums up its curriculum, its last steps and its phases', (t) => {
  const db = database(t, RUN);
  recordCurriculum(db);
  commit(db, () => {
    // Questions and votes of the Challenger's training count nowhere in the summary.
    const [id = 0] = recordQuestions(db, { runId: RUN, iteration: 1, phase: 'challenger', batch: 0 }, [aQuestion()]);
    recordVote(db, id, aVote({ voteShare: 0.1, kept: null }));
    for (const step of [0, 1]) recordStep(db, aStep('challenger', step));
    for (const step of [0, 1, 2]) recordStep(db, aStep('solver', step));
    addPhaseWork(db, RUN, 1, { phase: 'challenger', seconds: 2, tokens: 100 });
    addPhaseWork(db, RUN, 1, { phase: 'solver', seconds: 3.5, tokens: 1000 });
  });
  const [summary, ...others] = iterationSummary(db, RUN);
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...summary, mean_vote_share: summary?.mean_vote_share?.toFixed(6) },
    {
      run_id: RUN,
      iteration: 1,
      questions: 5,
      valid: 4,
      kept: 2,
      mean_vote_share: '0.800000', // (0.6 + 0.8 + 1) / 3
      label_accuracy: 0.5, // of the two kept; the easy one, right as well, does not count
      challenger_reward: 1.5, // step 1, the last
      solver_reward: 2.5, // step 2, the last
      solver_kl: 0.03,
      tokens: 1100,
      seconds: 5.5,
    },
  );
});

test('label accuracy leaves out kept questions that the oracle could not answer', (t) => {
  const db = database(t, RUN);
  commit(db, () => {
    const batch = { runId: RUN, iteration: 1, phase: 'curriculum', batch: 0 } as const;
    const [computed = 0, unknown = 0] = recordQuestions(db, batch, [aQuestion(), aQuestion()]);
    for (const id of [computed, unknown]) recordVote(db, id, aVote());
    recordLabelCheck(db, computed, { oracleAnswer: '124', labelCorrect: true, verdictId: null });
  });
  assert.deepEqual(
    iterationSummary(db, RUN).map((row) => [row.kept, row.label_accuracy]),
    [[2, 1]],
  );
});

test('the base model is iteration 0: scores and time, no questions', (t) => {
  const db = database(t, RUN);
  commit(db, () => {
    recordScore(db, aScore({}));
    addPhaseWork(db, RUN, 0, { phase: 'evaluation', seconds: 1.25, tokens: 640 });
  });
  assert.deepEqual(iterationSummary(db, RUN), [
    {
      run_id: RUN,
      iteration: 0,
      questions: 0,
      valid: 0,
      kept: 0,
      mean_vote_share: null,
      label_accuracy: null,
      challenger_reward: null,
      solver_reward: null,
      solver_kl: null,
      tokens: 640,
      seconds: 1.25,
    },
  ]);
});

test('the curriculum says of each question whether it was kept, and if not, why', (t) => {
  const db = database(t, RUN);
  recordCurriculum(db);
  const paging = { order: 'written', descending: false, after: null, limit: 100 } as const;
  const { rows } = curriculumPage(db, { ...ALL_QUESTIONS, runId: RUN }, paging);
  assert.deepEqual(
    rows.map((row) => [row.question, row.kept, row.drop_reason, row.label_correct]),
    [
      ['first', 1, null, 1],
      ['second', 1, null, 0],
      ['easy', 0, 'too_easy', 1],
      ['nonsense', 0, 'invalid', null],
      ['waiting', 0, 'not_voted', null],
    ],
  );
  assert.deepEqual(
    dropReasons(db, RUN, 1),
    new Map([
      ['invalid', 1],
      ['not_voted', 1],
      ['too_easy', 1],
    ]),
  );
});

test('the Solver trains on the kept questions, in the order they were written, whatever was recorded first', (t) => {
  const db = database(t, RUN);
  commit(db, () => {
    for (const batch of [1, 0]) {
      const texts = ['a', 'b'].map((letter) => aQuestion({ question: `${letter}${batch}` }));
      const ids = recordQuestions(db, { runId: RUN, iteration: 2, phase: 'curriculum', batch }, texts);
      for (const id of ids) recordVote(db, id, aVote());
    }
  });
  assert.deepEqual(
    keptQuestions(db, RUN, 2).map((kept) => kept.question),
    ['a0', 'b0', 'a1', 'b1'],
  );
});

test('a training step without an update has no loss, and its rewards all the same', (t) => {
  const db = database(t, RUN);
  commit(db, () => recordStep(db, aStep('solver', 0, { update: null })));
  const [row] = trainingSteps(db, RUN);
  assert.deepEqual([row?.loss, row?.kl, row?.entropy, row?.reward_mean], [null, null, null, 0.5]);
});

test('recording a step or a score again replaces it', (t) => {
  const db = database(t, RUN);
  for (const rewardMean of [0.1, 0.9]) commit(db, () => recordStep(db, aStep('solver', 4, { rewardMean })));
  for (const score of [10, 20]) commit(db, () => recordScore(db, aScore({ score })));
  commit(db, () => recordScore(db, aScore({ score: 30, file: 'five.jsonl' })));
  assert.deepEqual(
    trainingSteps(db, RUN).map((row) => row.reward_mean),
    [0.9],
  );
  assert.deepEqual(
    benchmarkScores(db, RUN).map((row) => row.score),
    [20, 30],
  );
});

test('work on a phase adds up', (t) => {
  const db = database(t, RUN);
  for (const seconds of [1, 2.5]) commit(db, () => addPhaseWork(db, RUN, 1, { phase: 'solver', seconds, tokens: 10 }));
  assert.deepEqual(phaseWork(db, RUN, 1), [{ phase: 'solver', seconds: 3.5, tokens: 20 }]);
});
