import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type AskSettings, askItems, asking, type Examination } from '../../actors/ask-items.js';
import { runBenchmarks } from '../../actors/benchmarks.js';
import type { Benchmark } from '../../src/benchmarks/catalog.js';
import { promptFormatFor } from '../../src/lm/prompts.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import type { Policy } from '../../src/policies/policy.js';
import { GradingPool } from '../../src/workers/grading-pool.js';

const tokenizer = loadTokenizer('models/tiny');
const format = { ...promptFormatFor(tokenizer), turnMarks: ['What is'] };

const QUESTIONS = ['What is 1 plus 1?', 'What is 2 plus 2?'];
const benchmark: Benchmark = {
  name: 'sums',
  domain: 'math',
  rule: 'value',
  metrics: ['greedy'],
  file: null,
  fileSha256: null,
  items: QUESTIONS.map((question, i) => ({ question, answer: String(2 * (i + 1)), domain: 'math' })),
};
const SETTINGS: AskSettings = { maxTokens: 50, shots: new Map(), stops: [], contextTokens: 256 };

const grading = new GradingPool(() => {});
after(() => grading.close());
const examined = (policy: Examination['policy']): Examination => ({ policy, tokenizer, format, grading });

/** Says `text` to every prompt, and keeps the prompts. */
function saying(text: string): { readonly policy: Pick<Policy, 'generate'>; readonly prompts: string[] } {
  const prompts: string[] = [];
  const policy: Pick<Policy, 'generate'> = {
    generate: async (asked, samples) =>
      asked.map((prompt) => {
        prompts.push(tokenizer.decode(prompt));
        const completion = tokenizer.encode(text);
        return Array.from({ length: samples }, () => ({ prompt, completion, logprobs: [], finished: true }));
      }),
  };
  return { policy, prompts };
}

test('an answer ends ahead of a text that begins another turn, and without its last token', async () => {
  const draw = { temperature: 0, samples: 1, prefix: null, key: 0 };
  const given = async (text: string) =>
    (await askItems(asking(examined(saying(text).policy), SETTINGS), [benchmark], draw)).answers[0]?.[0]?.[0];
  const turn = await given('\\boxed{2} What is 7 plus 7? \\boxed{14}<eos>');
  assert.deepEqual([turn?.text, turn?.extracted, turn?.right], ['\\boxed{2} ', '2', true]);
  assert.equal((await given('\\boxed{3}<eos>'))?.text, '\\boxed{3}');
});

test('the examples stand ahead of each question, and their number and a hash of the prompt in the protocol', async () => {
  const shots = { examples: [{ question: 'What is 3 plus 3?', solution: '\\boxed{6}' }], file: 'train.jsonl' };
  const { policy, prompts } = saying('\\boxed{2}<eos>');
  const settings = { ...SETTINGS, samples: null, worked: false, seed: 5, key: 5 };
  const run = async (all: AskSettings['shots']) => {
    const { results } = await runBenchmarks(examined(policy), [benchmark], { ...settings, shots: all }, () => {});
    return results[0];
  };
  const [few, none, again] = [await run(new Map([['sums', shots]])), await run(new Map()), await run(new Map())];
  assert.equal(prompts[0], '<q>What is 3 plus 3?<a>\\boxed{6}<eos><q>What is 1 plus 1?<a>');
  assert.deepEqual(few?.rightCounts, [1, 0]);
  assert.equal(few?.row.score, 50);
  const { templateSha256, ...protocol } = few?.protocol ?? { templateSha256: '' };
  assert.deepEqual(protocol, {
    shots: 1,
    shotsFile: 'train.jsonl',
    prefix: null,
    temperature: 0,
    samples: 1,
    maxTokens: 50,
    stops: ['What is'],
    seed: 5,
    graderVersion: 1,
  });
  assert.equal(none?.protocol.templateSha256, again?.protocol.templateSha256);
  assert.notEqual(none?.protocol.templateSha256, templateSha256);
});

test('a question that leaves no room for an answer is not asked, and counts as wrong', async () => {
  const { policy, prompts } = saying('\\boxed{2}<eos>');
  const long = { question: `What is ${'1 plus '.repeat(120)}1?`, answer: '2', domain: 'math' } as const;
  const items = [long, ...benchmark.items];
  const settings = { ...SETTINGS, samples: 2, worked: false, seed: 0, key: 0 };
  const run = await runBenchmarks(examined(policy), [{ ...benchmark, items }], settings, () => {});
  assert.equal(run.tooLong, 1);
  assert.equal(prompts.length, 4); // the two others, greedy and sampled
  assert.deepEqual(
    run.results.map(({ rightCounts }) => rightCounts),
    [
      [0, 1, 0],
      [0, 2, 0],
    ],
  );
  assert.deepEqual(run.results[1]?.answers?.[0]?.[1], {
    text: '',
    extracted: null,
    right: false,
    tokenCount: 0,
    finished: false,
  });
});
