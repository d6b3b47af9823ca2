import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oracleAnswer } from '../../src/grading/oracle.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import {
  type CorpusDocument,
  type CorpusSettings,
  documentAt,
  documents,
  PLAIN_CORPUS,
} from '../../src/pretraining/corpus.js';
import { heldOut } from '../../src/pretraining/held-out.js';

const tokenizer = loadTokenizer('models/tiny');
const SLIPPING: CorpusSettings = { ...PLAIN_CORPUS, long: true, direct: 0.5, slips: 0.25 };

function take(settings: CorpusSettings, seed: number, count: number): CorpusDocument[] {
  return Array.from({ length: count }, (_, index) => documentAt(settings, seed, index));
}

const sample = take(SLIPPING, 1, 20_000);

test('every document has the ids that tokenizer.json gives, and decodes to its text', () => {
  for (const { tokens, text } of sample.slice(0, 6000)) {
    assert.deepEqual(tokenizer.encode(text), tokens);
    assert.equal(tokenizer.decode(tokens), text);
  }
});

test('no document has a character that the vocabulary lacks', () => {
  const unknown = tokenizer.specials.get('<unk>');
  for (const { tokens, text } of sample) assert.ok(!tokens.some((id) => id === unknown), text);
});

test('the answer starts after <a> and ends with the box and <eos>', () => {
  for (const { tokens, answerStart, answer, worked, text } of sample.slice(0, 4000)) {
    assert.equal(tokenizer.decode(tokens.slice(answerStart - 1, answerStart)), '<a>');
    assert.equal(tokens.filter((id) => id === tokens[answerStart - 1]).length, 1);
    const completion = text.slice(text.indexOf('<a>') + 3);
    assert.ok(completion.endsWith(`\\boxed{${answer}}<eos>`));
    assert.equal(completion.startsWith('<w>'), worked);
  }
});

test('worked answers fit into 72 tokens', () => {
  for (const { tokens, answerStart, text } of sample) assert.ok(tokens.length - answerStart <= 72, text);
});

test('the oracle answers every question as its document does, unless that one slipped', () => {
  for (const { question, answer, slipped } of sample) {
    assert.equal(oracleAnswer(question) === answer, !slipped, question);
  }
});

test('no question is held out', () => {
  for (const { question } of sample) assert.equal(heldOut(question), false, question);
});

test('a document depends on the settings, the seed and its index only', () => {
  const [first, second, third] = take(SLIPPING, 7, 3);
  const reader = documents(SLIPPING, 7, 1);
  assert.deepEqual([reader.next().value, reader.next().value], [second, third]);
  assert.notDeepEqual(documentAt(SLIPPING, 8, 0), first);
});

/** Asserts that `count` of `total` is within four standard errors of `share`. */
function assertShare(count: number, total: number, share: number, what: string): void {
  const error = Math.sqrt((share * (1 - share)) / total);
  assert.ok(Math.abs(count / total - share) < 4 * error, `${what}: ${count} of ${total}, expected ${share}`);
}

test('general, direct and slipped documents come in the shares asked for', () => {
  const slippable = sample.filter(({ worked, task }) => worked && ['plus', 'minus', 'three'].includes(task));
  assertShare(sample.filter(({ domain }) => domain === 'general').length, sample.length, 0.33, 'general');
  assertShare(sample.filter(({ worked }) => !worked).length, sample.length, 0.5, 'direct');
  assertShare(slippable.filter(({ slipped }) => slipped).length, slippable.length, 0.25, 'slipped');
});

test('by default nothing that is answered at once is slipped, nor products and general tasks', () => {
  const never = sample.filter(({ worked, task }) => !worked || !['plus', 'minus', 'three'].includes(task));
  assert.ok(never.every(({ slipped }) => !slipped));
});

test('answers at once are wrong in the share asked for', () => {
  const wrong = take({ ...SLIPPING, direct: 1, general: 0, directSlips: 0.5 }, 3, 4000);
  const slippable = wrong.filter(({ task }) => task !== 'times');
  assertShare(slippable.filter(({ slipped }) => slipped).length, slippable.length, 0.5, 'slipped');
});

test('the arithmetic tasks come in the shares of their weights', () => {
  // Held-out questions are an eighth of each task, so rejecting them leaves the shares.
  const math = sample.filter(({ domain }) => domain === 'math');
  for (const [task, share] of Object.entries(PLAIN_CORPUS.arithmetic.tasks)) {
    assertShare(math.filter((document) => document.task === task).length, math.length, share, task);
  }
});
