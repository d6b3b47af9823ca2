import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeLabelled } from '../../../bench/experiments/labelled-data.js';
import { oracleAnswer } from '../../../src/grading/oracle.js';
import { heldOut } from '../../../src/pretraining/held-out.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Line {
  readonly question: string;
  readonly answer?: string;
  readonly solution?: string;
}

test('labels are right, of both kinds for the same questions, and no question is held out', (t) => {
  const folder = temporaryFolder(t);
  const written = (kind: 'answers' | 'solutions', count: number): Line[] => {
    const file = join(folder, `${kind}-${count}.jsonl`);
    writeLabelled(file, kind, count, 3);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Line);
  };
  const [answers, solutions, fewer] = [written('answers', 200), written('solutions', 200), written('answers', 50)];
  assert.deepEqual(fewer, answers.slice(0, 50));
  for (const [i, { question, answer }] of answers.entries()) {
    assert.equal(heldOut(question), false);
    assert.equal(answer, oracleAnswer(question));
    assert.equal(solutions[i]?.question, question);
    assert.ok(solutions[i]?.solution?.endsWith(`\\boxed{${answer}}`));
  }
});
