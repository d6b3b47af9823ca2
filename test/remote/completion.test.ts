import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServerError } from '../../src/errors.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { type Completion, completionOf } from '../../src/remote/completion.js';
import { parseCompletion } from '../../src/remote/protocol.js';
import { placeAt } from '../support/fake-server.js';

/** What servers of three kinds tell, read as tokens of the embedded model. */

const tokenizer = loadTokenizer('models/tiny');
const reader = { tokenizer, vocabularySize: tokenizer.vocabularySize };
const PLACE = placeAt('http://127.0.0.1:1/v1');
const END = tokenizer.specials.get('<eos>') as number;
const ASK = tokenizer.specials.get('<a>') as number;
const QUESTION = tokenizer.encode('What is 98 plus 45?');
const LOGPROBS = QUESTION.map((_, i) => -0.5 - i / 8);

interface Limits {
  readonly stops: readonly number[];
  readonly maxTokens: number;
}
const LIMITS: Limits = { stops: [END], maxTokens: 24 };

function read(choice: object, limits: Limits = LIMITS): Completion {
  return completionOf(PLACE, reader, parseCompletion(PLACE, JSON.stringify({ choices: [choice] })), limits);
}

const vllm = (tokens: readonly number[], logprobs: readonly number[], reason: string): object => ({
  text: 'never looked at',
  finish_reason: reason,
  token_ids: tokens,
  logprobs: { tokens: tokens.map((token) => `token_id:${token}`), token_logprobs: logprobs, top_logprobs: [] },
});

test("vLLM's token ids and log-probabilities are taken as they are", () => {
  const completion = read(vllm([...QUESTION, END], [...LOGPROBS, -0.125], 'stop'));
  assert.deepEqual(completion, {
    tokens: [...QUESTION, END],
    logprobs: [...LOGPROBS, -0.125],
    finished: true,
    faithful: true,
  });
});

test('ids in the names of tokens do where there is no list of ids', () => {
  const { token_ids: _, ...older } = vllm(QUESTION, LOGPROBS, 'length') as { token_ids: unknown };
  assert.deepEqual(read(older), { tokens: QUESTION, logprobs: LOGPROBS, finished: false, faithful: true });
});

test('a completion ends at the first stop, wherever the server ended it', () => {
  const tokens = [...QUESTION, ASK, ...QUESTION, END];
  const logprobs = tokens.map((_, i) => -1 - i);
  const completion = read(vllm(tokens, logprobs, 'stop'), { stops: [ASK, END], maxTokens: 24 });
  assert.deepEqual(completion.tokens, [...QUESTION, ASK]);
  assert.deepEqual(completion.logprobs, logprobs.slice(0, QUESTION.length + 1));
  assert.equal(completion.finished, true);
});

test('a completion that is longer than asked for is cut, and not finished', () => {
  const completion = read(vllm([...QUESTION, END], [...LOGPROBS, -1], 'stop'), { stops: [END], maxTokens: 3 });
  assert.deepEqual(completion.tokens, QUESTION.slice(0, 3));
  assert.deepEqual([completion.logprobs.length, completion.finished], [3, false]);
});

test('a stop token that the server keeps to itself is put there, and the log-probabilities are unknown then', () => {
  const completion = read(vllm(QUESTION, LOGPROBS, 'stop'));
  assert.deepEqual(completion, { tokens: [...QUESTION, END], logprobs: [], finished: true, faithful: true });
});

test('an end by a special token that is no stop is a cut', () => {
  const completion = read(vllm([...QUESTION, ASK], [...LOGPROBS, -1], 'stop'));
  assert.deepEqual([completion.tokens.at(-1), completion.finished], [ASK, false]);
});

test('a token that the model does not have is refused, and so is a completion of none', () => {
  const says = (pattern: RegExp) => (error: unknown) => error instanceof ServerError && pattern.test(error.message);
  assert.throws(() => read(vllm([1, 151_643], [-1, -1], 'length')), says(/token 151643, .*serves another model/));
  assert.throws(() => read({ text: '', finish_reason: 'length' }), says(/completion of no token/));
});

const llamaCpp = (text: string, tokens: readonly number[], logprobs: readonly number[], reason: string): object => ({
  text,
  finish_reason: reason,
  logprobs: {
    content: tokens.map((id, i) => ({ id, token: tokenizer.decode([id]), bytes: [], logprob: logprobs[i] })),
  },
});

test("llama.cpp's ids beside its log-probabilities are taken where they spell its text", () => {
  const completion = read(llamaCpp('What is 98 plus 45?', [...QUESTION, END], [...LOGPROBS, -2], 'stop'));
  assert.deepEqual(completion, {
    tokens: [...QUESTION, END],
    logprobs: [...LOGPROBS, -2],
    finished: true,
    faithful: true,
  });
});

test('where some of those ids are missing, the text is cut into tokens again and its log-probabilities are unknown', () => {
  const [first = 0, , ...rest] = QUESTION;
  const completion = read(llamaCpp('What is 98 plus 45?', [first, ...rest], LOGPROBS.slice(1), 'stop'));
  assert.deepEqual(completion, { tokens: [...QUESTION, END], logprobs: [], finished: true, faithful: true });
});

test("Ollama's text is cut into tokens, and the first stop ends it where the server says that one did", () => {
  const text = { text: 'What is 98 plus 45?', index: 0, finish_reason: 'stop' };
  assert.deepEqual(read(text, { stops: [ASK, END], maxTokens: 24 }), {
    tokens: [...QUESTION, ASK],
    logprobs: [],
    finished: true,
    faithful: true,
  });
  assert.equal(read({ ...text, finish_reason: 'length' }).finished, false);
});

test('log-probabilities of pieces that are our tokens are kept', () => {
  const pieces = QUESTION.map((token) => tokenizer.decode([token]));
  const choice = (tokens: readonly string[]): object => ({
    text: 'What is 98 plus 45?',
    finish_reason: 'length',
    logprobs: { tokens, token_logprobs: LOGPROBS },
  });
  assert.deepEqual(read(choice(pieces)).logprobs, LOGPROBS);
  assert.deepEqual(read(choice(['What ', 'is ', ...pieces.slice(2)])).logprobs, []);
});

test('a text that its tokens do not spell again is not faithful', () => {
  assert.equal(read({ text: 'What is 98 plus 45?', finish_reason: 'length' }).faithful, true);
  assert.equal(read({ text: 'Wie viel ist 98 + 45?', finish_reason: 'length' }).faithful, false); // <unk> for letters
});

test('whatever ids a server gives, a completion is finished exactly when it ends in its one stop, and is never too long', () => {
  const ids = fc.array(fc.integer({ min: 0, max: tokenizer.vocabularySize - 1 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      ids,
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom('stop', 'length'),
      (tokens, maxTokens, reason) => {
        const logprobs = tokens.map(() => -1);
        const completion = read(vllm(tokens, logprobs, reason), { stops: [ASK, END], maxTokens });
        const stops = completion.tokens.filter((token) => token === ASK || token === END);
        assert.equal(completion.finished, stops.length === 1 && stops[0] === completion.tokens.at(-1));
        assert.ok(completion.finished || stops.length === 0);
        assert.ok(completion.tokens.length >= 1 && completion.tokens.length <= maxTokens);
        assert.ok(completion.logprobs.length === 0 || completion.logprobs.length === completion.tokens.length);
      },
    ),
  );
});
