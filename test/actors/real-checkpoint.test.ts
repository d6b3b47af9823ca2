import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseQuestionBlock } from '../../src/rl/question-block.js';
import { rzero } from '../support/command-line.js';
import { scriptedCheckpoint } from '../support/scripted-checkpoint.js';
import { trueTokenizerFolder } from '../support/true-tokenizers.js';
import { query, smallRun, workFolder } from './support.js';

/**
 * The commands on a folder as real checkpoints have it: Qwen3's true tokenizer and chat template, a vocabulary of 151,936. Its
 * model writes a question of its own about half of the time and then boxes 8 or 9, whatever it is asked.
 */
const SCRIPT = {
  '\n': ['<'], // what a prompt for an answer ends with
  '<': ['question'],
  question: ['>', '>\n\n'],
  '>': ['What'],
  What: [' is'],
  ' is': [' '],
  ' ': ['4', '5'],
  '4': [' plus'],
  ' plus': [' '],
  '5': ['?'],
  '?': ['</'],
  '</': ['question'],
  '>\n\n': ['\\'],
  '\n\n': ['\\'], // what a prompt for an answer without thinking ends with
  '\\': ['boxed'],
  boxed: ['{'],
  '{': ['8', '9'],
  '8': ['}'],
  '9': ['}'],
  '}': ['<|im_end|>'],
} as const;

const root = workFolder();
const model = join(root, 'model');
let made = false;
/** Whether the folder is there; else the test is skipped. */
function present(t: TestContext): boolean {
  const tokenizer = trueTokenizerFolder(t, 'qwen3');
  if (tokenizer === null) return false;
  if (!made) scriptedCheckpoint(model, tokenizer, 151_936, SCRIPT);
  made = true;
  return true;
}

async function printed(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await rzero(args, input);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('sample completes a prompt as it stands, and ends with the token that ends a turn', async (t) => {
  if (!present(t)) return;
  const stdout = await printed(['sample', '--model', model, '--prompt', '\\', '--n', '8']);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 8);
  for (const line of lines) assert.match(line, /^boxed\{[89]\}<\|im_end\|>$/);
  assert.equal(new Set(lines).size, 2);
});

test("sample --chat puts the prompt through the template as a user's message", async (t) => {
  if (!present(t)) return;
  const args = ['sample', '--model', model, '--json', '--chat', '--max-tokens', '3', '--temperature', '0'];
  const [chat, direct] = [
    await printed([...args, '--prompt', 'Hi']),
    await printed([...args, '--no-thinking', '--prompt', 'Hi']),
  ];
  assert.deepEqual(JSON.parse(chat), { prompt: 'Hi', completions: ['<question>'] }); // it goes on after "assistant\n"
  assert.deepEqual(JSON.parse(direct), { prompt: 'Hi', completions: ['\\boxed{'] }); // and here after "</think>\n\n"
});

test('sample ends at a stop text wherever it is spelled', async (t) => {
  if (!present(t)) return;
  assert.equal(await printed(['sample', '--model', model, '--prompt', '\\', '--stop', 'xed{']), 'boxed{\n');
});

test('score gives the log-probability of each token: the choice of two, and what follows for certain', async (t) => {
  if (!present(t)) return;
  const line = JSON.stringify({ prompt: '\\', completion: 'boxed{9}<|im_end|>' });
  const row = JSON.parse(await printed(['score', '--model', model], line)) as { readonly logprobs: readonly number[] };
  const expected = [0, 0, -Math.LN2, 0, 0];
  assert.equal(row.logprobs.length, expected.length);
  for (const [i, logprob] of row.logprobs.entries()) assert.ok(Math.abs(logprob - (expected[i] ?? 0)) < 1e-4);
});

interface Scores {
  readonly scores: readonly { readonly benchmark: string; readonly metric: string; readonly score: number }[];
}

test('eval grades what stands in the box, and leaves out what only the embedded model has a mark for', async (t) => {
  if (!present(t)) return;
  const file = join(root, 'items.jsonl');
  const item = { context: '\n\nQ: What is 4 plus 5?\n\nA:', completion: ' 9' };
  writeFileSync(file, `${JSON.stringify(item)}\n`.repeat(20));
  const args = ['--benchmark', `gpt3-arithmetic=${file}`, '--samples', '4', '--worked', '--max-tokens', '60', '--json'];
  const { scores } = JSON.parse(await printed(['eval', '--no-store', '--model', model, ...args])) as Scores;
  assert.deepEqual(
    scores.map(({ metric }) => metric),
    ['greedy', 'mean@4'],
  );
  // Sampled, half of the boxes have a 9; a few answers are cut before their box. 80 samples: five deviations are 28 points.
  const sampled = scores[1]?.score ?? 0;
  assert.ok(sampled > 15 && sampled < 78, String(sampled));
});

test('eval works on the generated suite', async (t) => {
  if (!present(t)) return;
  const args = ['--limit', '1', '--max-tokens', '20', '--json'];
  const { scores } = JSON.parse(await printed(['eval', '--no-store', '--model', model, ...args])) as Scores;
  assert.equal(scores.length, 30); // fifteen tasks, greedy and sampled
});

test('a run keeps the own answers of questions, and pays for none that the majority does not share', async (t) => {
  if (!present(t)) return;
  const db = join(root, 'run.db');
  const settings = {
    model,
    iterations: '1',
    workers: '1',
    'rl.challenger.gated': 'true',
    'rl.curriculum.questions': '16',
    'rl.challenger.repetitionPenalty': '0',
    'rl.challenger.maxTokens': '60',
    'rl.challenger.votes': '3',
    'rl.solver.maxTokens': '60',
    'rl.solver.steps': '1',
    'rl.solver.lr': '0.000001',
    'rl.challenger.lr': '0.000001',
    'evaluation.maxTokens': '20',
    'evaluation.worked': 'true',
  };
  await printed(smallRun(db, settings));
  const rows = query<{
    phase: string;
    question: string;
    reason: string | null;
    own: string | null;
    tokens: number;
    reward: number;
    label: string | null;
  }>(
    db,
    `SELECT q.phase, q.question, q.invalid_reason AS reason, q.own_answer AS own, q.token_count AS tokens, q.challenger_reward AS reward, v.pseudo_label AS label
     FROM questions q LEFT JOIN votes v ON v.question_id = q.id`,
  );
  const [valid, invalid] = [rows.filter(({ reason }) => reason === null), rows.filter(({ reason }) => reason !== null)];
  assert.equal(rows.length, 32);
  assert.ok(valid.length > 4 && invalid.length > 4);
  for (const { question, own, tokens } of valid) {
    assert.match(question, /^What is (4 plus )*5\?$/);
    if (tokens < 60) assert.ok(own === '8' || own === '9'); // else it may be cut before its box
  }
  const rules = { specials: [], maxLength: 4096, placeholder: '' };
  for (const { question, reason, own } of invalid) {
    assert.deepEqual([parseQuestionBlock(question, rules), own], [{ valid: false, reason }, null]);
  }
  const paid = valid.filter(({ phase }) => phase === 'challenger');
  assert.ok(
    paid.some(({ own, label }) => own !== null && own !== label) && paid.some(({ own, label }) => own === label),
  );
  for (const { own, label, reward } of paid) if (own !== null && own !== label) assert.equal(reward, 0);
  assert.ok(paid.some(({ reward }) => reward > 0));
  const verdicts = query<{ label: string; correct: number }>(
    db,
    `SELECT pseudo_label AS label, label_correct AS correct FROM curriculum WHERE question = 'What is 4 plus 5?' AND vote_share > 0`,
  );
  assert.ok(verdicts.length > 0);
  for (const { label, correct } of verdicts) assert.equal(correct, label === '9' ? 1 : 0);
  assert.deepEqual(query(db, `SELECT DISTINCT metric FROM benchmark_scores ORDER BY metric`), [
    { metric: 'greedy' },
    { metric: 'mean@1' },
  ]);
});
