import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordAnswers } from '../../storage/answers.js';
import { commit } from '../../storage/connection.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { questionDetails } from '../../storage/question-details.js';
import { type QuestionBatch, recordQuestions } from '../../storage/questions.js';
import { recordStepQuestions } from '../../storage/step-questions.js';
import { recordStep, type StepUpdate } from '../../storage/steps.js';
import { recordVote } from '../../storage/votes.js';
import { aQuestion, aVote, database } from './support.js';

const RUN = 'rone';
const CURRICULUM: QuestionBatch = { runId: RUN, iteration: 2, phase: 'curriculum', batch: 3 };
const UPDATE: StepUpdate = {
  loss: 0.1,
  kl: 0,
  clipFraction: 0,
  gradNorm: 1,
  entropy: 1,
  logprobDriftMean: 0,
  logprobDriftMax: 0,
};

test('a question is told with its vote, its answers and the steps of the Solver that learned from it', (t) => {
  const db = database(t, RUN);
  const [other = 0, id = 0] = commit(db, () => {
    const ids = recordQuestions(db, CURRICULUM, [
      aQuestion(),
      aQuestion({ question: 'What is 6 times 7?', completion: 'Hm. <question>What is 6 times 7?</question>' }),
    ]);
    const groups = [
      { answer: '42', count: 1 },
      { answer: '13', count: 1 },
    ];
    recordVote(db, ids[1] ?? 0, aVote({ voteCount: 2, voteShare: 0.5, pseudoLabel: '42', groups }));
    recordLabelCheck(db, ids[1] ?? 0, { oracleAnswer: '42', labelCorrect: true, verdictId: null });
    const answer = { tokenCount: 3, logprobSum: -0.5, finished: true };
    recordAnswers(db, ids[1] ?? 0, [
      { ...answer, text: 'so 42', answer: '42', voteGroup: 0, agrees: true },
      { ...answer, text: 'so 13', answer: '13', voteGroup: 1, agrees: false },
    ]);
    return ids;
  });
  commit(db, () => {
    const step = { runId: RUN, iteration: 2, step: 4 };
    recordStepQuestions(db, step, [{ questionId: id, rewards: [9, 9] }]);
    recordStepQuestions(db, step, [
      { questionId: other, rewards: [1, 0] },
      { questionId: id, rewards: [1, 0.1] },
    ]);
    recordStepQuestions(db, { ...step, step: 7 }, [{ questionId: id, rewards: [1, 1] }]);
  });
  assert.deepEqual(questionDetails(db, id), {
    question_id: id,
    run_id: RUN,
    iteration: 2,
    phase: 'curriculum',
    batch: 3,
    position: 1,
    question: 'What is 6 times 7?',
    invalid_reason: null,
    completion: 'Hm. <question>What is 6 times 7?</question>',
    own_answer: null,
    tokens: 11,
    challenger_reward: 0.4,
    repetition_penalty: 0.25,
    vote: {
      vote_count: 2,
      vote_share: 0.5,
      pseudo_label: '42',
      groups: [
        { answer: '42', count: 1 },
        { answer: '13', count: 1 },
      ],
      kept: 1,
      drop_reason: null,
      oracle_answer: '42',
      label_correct: 1,
    },
    answers: [
      { sample: 0, text: 'so 42', answer: '42', vote_group: 0, agrees: 1, tokens: 3, logprob: -0.5, finished: 1 },
      { sample: 1, text: 'so 13', answer: '13', vote_group: 1, agrees: 0, tokens: 3, logprob: -0.5, finished: 1 },
    ],
    lessons: [
      { role: 'solver', step: 4, rewards: [1, 0.1], teaches: 1 },
      { role: 'solver', step: 7, rewards: [1, 1], teaches: 0 },
    ],
  });
});

test("a question of the Challenger's training was learned from in the step of its batch, once that is made", (t) => {
  const db = database(t, RUN);
  const batch = { ...CURRICULUM, phase: 'challenger', batch: 1 } as const;
  const [id = 0] = commit(db, () => recordQuestions(db, batch, [aQuestion({ challengerReward: 0.4 })]));
  assert.deepEqual(questionDetails(db, id)?.lessons, []);
  const step = { runId: RUN, iteration: 2, step: 1, rewardMean: 0.4, rewardStd: 0, zeroVarianceGroups: 1 };
  const lessons = [null, UPDATE].map((update) => {
    commit(db, () => recordStep(db, { ...step, role: 'challenger', tokens: 5, seconds: 1, update }));
    return questionDetails(db, id)?.lessons;
  });
  assert.deepEqual(lessons, [
    [{ role: 'challenger', step: 1, rewards: [0.4], teaches: 0 }],
    [{ role: 'challenger', step: 1, rewards: [0.4], teaches: 1 }],
  ]);
});

test('a question that does not parse has no vote, no answers and no lesson; one that is not there is undefined', (t) => {
  const db = database(t, RUN);
  const [id = 0] = commit(db, () => recordQuestions(db, CURRICULUM, [aQuestion({ invalidReason: 'wrong end' })]));
  const { invalid_reason, vote, answers, lessons } = questionDetails(db, id) ?? {};
  assert.deepEqual([invalid_reason, vote, answers, lessons], ['wrong end', null, [], []]);
  assert.equal(questionDetails(db, id + 1), undefined);
});
