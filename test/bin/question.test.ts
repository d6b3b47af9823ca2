import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { printableLines } from '../../bin/terminal/printable.js';
import { recordAnswers } from '../../storage/answers.js';
import { recordLabelCheck } from '../../storage/labels.js';
import { recordQuestions } from '../../storage/questions.js';
import { createRun } from '../../storage/runs.js';
import { recordStepQuestions } from '../../storage/step-questions.js';
import { recordVote } from '../../storage/votes.js';
import { aQuestion, aRun, aVote, database } from '../storage/support.js';
import { rzero } from '../support/command-line.js';

const CHALLENGER = { reward: 'paper', gated: true, repetitionPenalty: 2 };
const CONFIG = { rl: { challenger: CHALLENGER, curriculum: { band: [0.3, 0.8] } } };

/** A database with run `rstory`: question 1 trained the Challenger, 2 is kept for the Solver, 3 is no question. */
function story(t: TestContext): string {
  const db = database(t, 'rother');
  db.commit(() => {
    createRun(db, { ...aRun('rstory'), config: CONFIG });
    const place = { runId: 'rstory', iteration: 1, batch: 0 };
    // 1 − 2·|0.7 − ½| = 0.6, less 2 · 0.25.
    recordQuestions(db, { ...place, phase: 'challenger' }, [
      aQuestion({ ownAnswer: '124', challengerReward: 0.1, repetitionPenalty: 0.25 }),
    ]);
    recordVote(db, 1, aVote({ kept: null }));
    const unpaid = { challengerReward: null, repetitionPenalty: null };
    recordQuestions(db, { ...place, phase: 'curriculum' }, [
      aQuestion({ ...unpaid, question: 'Half of\nthe \u001b[2Jhalf?', completion: 'Let me see: half of the half' }),
      aQuestion({ ...unpaid, question: 'nonsense', invalidReason: 'wrong end' }),
    ]);
    const groups = [
      { answer: '1/4', count: 2 },
      { answer: '1/2', count: 1 },
    ];
    recordVote(db, 2, aVote({ pseudoLabel: '1/4', voteCount: 4, voteShare: 0.5, groups }));
    recordLabelCheck(db, 2, { oracleAnswer: '1/4', labelCorrect: true, verdictId: null });
    const answer = { text: 'so', tokenCount: 1234, logprobSum: -0.5, finished: true, agrees: false };
    recordAnswers(db, 2, [
      { ...answer, answer: '1/4', voteGroup: 0, agrees: true },
      { ...answer, text: 'first\r\nthen', answer: '0.25', voteGroup: 0, agrees: true },
      { ...answer, answer: '1/2', voteGroup: 1, logprobSum: null },
      { ...answer, answer: null, voteGroup: null, finished: false },
    ]);
    recordStepQuestions(db, { runId: 'rstory', iteration: 1, step: 3 }, [{ questionId: 2, rewards: [1, 0.1] }]);
    recordStepQuestions(db, { runId: 'rstory', iteration: 1, step: 5 }, [{ questionId: 2, rewards: [1, 1] }]);
  });
  db.close();
  return db.path;
}

test('show --question tells the vote, every answer and the steps that learned from it', async (t) => {
  const { code, stdout, stderr } = await rzero(['show', '--question', '2', '--db', story(t)]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(
    stdout,
    `question 2: run rstory, iteration 1, written for the Solver, batch 0, place 0

  Half of
  the \ufffd[2Jhalf?

all that was written
  Let me see: half of the half

written             11 tokens
valid               yes
vote share          0.50 of 4 answers
pseudo-label        1/4
oracle              1/4: the label is right
kept                yes (band 0.3 to 0.8)
frontier reward     1.000, 1 − 2·|p − ½|, gated by the Challenger's own answer; not paid, the Challenger had been trained already

votes
2  ████████████  1/4                pseudo-label, oracle
1  ██████        1/2
1  ██████        could not be read

answers
0: 1/4, agrees, 1,234 tokens, log-probability -0.50
  so
1: 0.25, a vote for 1/4, agrees, 1,234 tokens, log-probability -0.50
  first
  then
2: 1/2, does not agree, 1,234 tokens, log-probability -
  so
3: could not be read, does not agree, 1,234 tokens, log-probability -0.50, cut by the token limit
  so

learned from
  the Solver's step 3, rewards 1 0.1
  the Solver's step 5, rewards 1 1; all equal: it taught nothing
`,
  );
});

test('the reward of a question that trained the Challenger is worked out, and adds up to what was paid', async (t) => {
  const { stdout } = await rzero(['show', 'rst', '--question', '1', '--db', story(t)]);
  assert.match(stdout, /^Challenger reward {3}0\.100 = max\(0, 0\.600 − 2 · 0\.250\)$/m);
  assert.match(stdout, /^answers\n {2}not kept/m);
  assert.match(stdout, /^learned from\n {2}the step is under way$/m);
});

test('a question that does not parse says why, and has no votes to show', async (t) => {
  const { stdout } = await rzero(['show', '--question', '3', '--db', story(t)]);
  assert.match(stdout, /^valid +no: wrong end$/m);
  assert.match(stdout, /^vote +none, it is not valid$/m);
  assert.doesNotMatch(stdout, /^votes$/m);
});

test('show --question --json is one object of what is stored and how the reward comes about', async (t) => {
  const { stdout, stderr } = await rzero(['show', '--question', '1', '--json', '--db', story(t)]);
  assert.equal(stderr, '');
  const { question, reward, band } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  assert.deepEqual([question?.['question_id'], question?.['run_id'], question?.['answers']], [1, 'rstory', []]);
  const { frontier_reward, ...rest } = reward ?? {};
  assert.deepEqual(rest, { shape: 'paper', gated: true, penalty_weight: 2 });
  assert.equal(Number(frontier_reward).toFixed(9), '0.600000000');
  assert.deepEqual(band, [0.3, 0.8]);
});

test('a question that is not there, of another run, or asked for with something else is refused', async (t) => {
  const db = story(t);
  for (const [args, sentence] of [
    [['--question', '99'], /there is no question 99 in .*: ids go from 1 to 3;/],
    [['rother', '--question', '2'], /question 2 is of run rstory, not of rother/],
    [['--question', '2', '--failures'], /'--question <id>' cannot be used with option '--failures'/],
    [['--question', 'two'], /Expected a whole number of 1 or more/],
  ] as const) {
    const { code, stdout, stderr } = await rzero(['show', ...args, '--db', db]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, sentence);
  }
});

test('a text on lines of its own keeps no character that a terminal obeys but the line end and the tab', () => {
  const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
    assert.doesNotMatch(printableLines(text), /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/u);
  });
  fc.assert(property);
  assert.equal(printableLines('a\r\nb\r\u001b[2J\u202e\ttwo'), 'a\nb\ufffd\ufffd[2J\ufffd\ttwo');
});
