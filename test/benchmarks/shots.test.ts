import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FILE_BENCHMARK_NAMES } from '../../src/benchmarks/catalog.js';
import { type LoadedBenchmark, loadBenchmark } from '../../src/benchmarks/load.js';
import { OWN_SHOTS, ownShots, shotsFromFile } from '../../src/benchmarks/shots.js';
import { extractAnswer, optionLetter } from '../../src/grading/answer-rules.js';
import { countdownGold, makesTarget } from '../../src/grading/countdown.js';
import { temporaryFolder } from '../support/temporary.js';

const record = (question: string, answer: string): string => `${JSON.stringify({ question, answer })}\n`;

async function gsm8k(t: TestContext): Promise<{ readonly benchmark: LoadedBenchmark; readonly train: string }> {
  const folder = temporaryFolder(t);
  const [asked, train] = [join(folder, 'test.jsonl'), join(folder, 'train.jsonl')];
  writeFileSync(asked, record('Asked?', 'So <<1+1=2>>2.\n#### 2'));
  writeFileSync(
    train,
    record('First?', '2*3=<<2*3=6>>6\n#### 6') + record('Second?', '#### 7') + record('Asked?', '#### 2'),
  );
  return { benchmark: await loadBenchmark('gsm8k', asked, { limit: null, skipBad: false }), train };
}

test('the examples of a file are its first items, worked out to the box', async (t) => {
  const { benchmark, train } = await gsm8k(t);
  assert.deepEqual(await shotsFromFile(benchmark, train, 2), {
    examples: [
      { question: 'First?', solution: '2*3=6 \\boxed{6}' },
      { question: 'Second?', solution: '\\boxed{7}' },
    ],
    file: train,
  });
});

test('an example that is asked as well, and more examples than there are, are refused', async (t) => {
  const { benchmark, train } = await gsm8k(t);
  await assert.rejects(shotsFromFile(benchmark, train, 3), /has a question that is asked as well \("Asked\?"\)/);
  await assert.rejects(shotsFromFile(benchmark, train, 4), /has 3 examples; give --shots 3 or fewer/);
  assert.throws(() => ownShots('gsm8k', 9), /there are 8 examples for gsm8k; give --shots 8, or a file/);
});

test('every benchmark has examples, each with one boxed answer at its end', () => {
  for (const name of FILE_BENCHMARK_NAMES) {
    const { examples } = ownShots(name, 2);
    for (const { question, solution } of examples) {
      assert.ok(question.length > 0 && extractAnswer(solution) !== null, `${name}: ${solution}`);
      assert.equal(solution.split('\\boxed').length, 2, solution);
    }
  }
});

test('the examples of multiple choice answer with the letter of an option that they have', () => {
  for (const { question, solution } of OWN_SHOTS['mmlu-pro'] ?? []) {
    const letter = optionLetter(extractAnswer(solution) ?? '');
    assert.ok(letter !== null && question.includes(`\n(${letter}): `), solution);
  }
});

test('the examples of Countdown make their targets', () => {
  for (const { question, solution } of OWN_SHOTS.countdown ?? []) {
    const [, target = '', numbers = ''] = /^Make (\d+) out of the numbers ([\d, ]+)\./.exec(question) ?? [];
    const gold = countdownGold(numbers.split(', ').map(Number), Number(target));
    assert.equal(makesTarget(gold, extractAnswer(solution) ?? ''), true, solution);
  }
});
