import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit } from '../../storage/connection.js';
import { batchDifficulties, labelCounts, outcomeCounts, voteShareCounts } from '../../storage/curriculum-counts.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { recordQuestions } from '../../storage/questions.js';
import { recordVote } from '../../storage/votes.js';
import { aQuestion, aVote, database } from './support.js';

const RUN = 'rcount';

test('questions are counted by vote share, outcome, label and batch, those of other runs and phases apart', (t) => {
  const db = database(t, RUN, 'rother');
  commit(db, () => {
    const batch = { runId: RUN, iteration: 1, phase: 'curriculum', batch: 0 } as const;
    const invalid = aQuestion({ invalidReason: 'no question' });
    const ids = recordQuestions(db, batch, [aQuestion(), aQuestion(), aQuestion(), aQuestion(), invalid]);
    const votes = [
      [aVote({ voteShare: 0.7 }), true],
      [aVote({ voteShare: 0.7 }), false],
      [aVote({ voteShare: 0.7, kept: false, dropReason: 'duplicate' }), true],
      [aVote({ voteShare: 0.2, kept: false, dropReason: 'too_hard' }), false],
    ] as const;
    for (const [index, [vote, labelCorrect]] of votes.entries()) {
      recordVote(db, ids[index] ?? 0, vote);
      recordLabelCheck(db, ids[index] ?? 0, { oracleAnswer: '124', labelCorrect, verdictId: null });
    }
    const [training = 0] = recordQuestions(db, { ...batch, phase: 'challenger' }, [aQuestion()]);
    recordVote(db, training, aVote({ voteShare: 0.5, kept: null }));
    const [other = 0] = recordQuestions(db, { ...batch, runId: 'rother' }, [aQuestion()]);
    recordVote(db, other, aVote());
  });
  assert.deepEqual(voteShareCounts(db, RUN), [
    { iteration: 1, vote_share: 0.2, kept: 0, questions: 1 },
    { iteration: 1, vote_share: 0.7, kept: 0, questions: 1 },
    { iteration: 1, vote_share: 0.7, kept: 1, questions: 2 },
  ]);
  assert.deepEqual(outcomeCounts(db, RUN), [
    { iteration: 1, outcome: 'kept', questions: 2 },
    { iteration: 1, outcome: 'duplicate', questions: 1 },
    { iteration: 1, outcome: 'invalid', questions: 1 },
    { iteration: 1, outcome: 'too_hard', questions: 1 },
  ]);
  assert.deepEqual(labelCounts(db, RUN), [{ iteration: 1, right: 1, judged: 2 }]);
  assert.deepEqual(
    batchDifficulties(db, RUN).map((row) => [row.phase, row.questions, row.valid, row.mean_vote_share?.toFixed(3)]),
    [
      ['challenger', 1, 1, '0.500'],
      ['curriculum', 5, 4, '0.575'], // (0.7 + 0.7 + 0.7 + 0.2) / 4
    ],
  );
});
