import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatOf, readableModel, withReader } from '../../actors/model.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { stream } from '../../src/random.js';
import { rzero } from '../support/command-line.js';
import { finishedRun, query, workFolder } from './support.js';

const folder = workFolder();

/** Thirty additions in the form of the public files. */
const additions = join(folder, 'additions.jsonl');
const lines = Array.from({ length: 30 }, (_, i) => {
  const [a, b] = [10 + 3 * i, 95 - 2 * i];
  return JSON.stringify({ context: `\n\nQ: What is ${a} plus ${b}?\n\nA:`, completion: ` ${a + b}` });
});
writeFileSync(additions, `${lines.join('\n')}\n`);

const booleans = join(folder, 'booleans.json');
writeFileSync(
  booleans,
  JSON.stringify({
    canary: 'none',
    examples: [
      { input: 'not ( True ) and ( True ) is', target: 'False' },
      { input: 'True and not False is', target: 'True' },
      { input: 'False or False is', target: 'False' },
    ],
  }),
);

interface Scores {
  readonly scores: readonly {
    readonly benchmark: string;
    readonly file: string | null;
    readonly metric: string;
    readonly items: number;
    readonly score: number;
    readonly stderr: number;
  }[];
}

async function scoresOf(args: readonly string[]): Promise<Scores['scores']> {
  const { code, stdout, stderr } = await rzero(['eval', '--json', '--no-store', ...args]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as Scores).scores;
}

const FILES = ['--benchmark', `gpt3-arithmetic=${additions}`, '--benchmark', `bbh-boolean=${booleans}`];

test('each file is scored greedily and sampled, and the same seed gives the same scores', async () => {
  const args = [...FILES, '--samples', '3', '--seed', '5'];
  const [first, again, other] = [await scoresOf(args), await scoresOf(args), await scoresOf([...FILES, '--seed', '6'])];
  assert.deepEqual(
    first.map(({ benchmark, file, metric, items }) => [benchmark, file, metric, items]),
    [
      ['gpt3-arithmetic', additions, 'greedy', 30],
      ['bbh-boolean', booleans, 'greedy', 3],
      ['gpt3-arithmetic', additions, 'mean@3', 30],
      ['bbh-boolean', booleans, 'mean@3', 3],
    ],
  );
  assert.deepEqual(again, first);
  assert.deepEqual(
    other.filter(({ metric }) => metric === 'greedy').map(({ score }) => score),
    first.filter(({ metric }) => metric === 'greedy').map(({ score }) => score),
  );
  for (const { score, stderr } of first) assert.ok(score >= 0 && score <= 100 && stderr >= 0);
});

test('the score of a benchmark is the share of its items that the greedy answer gets right', async () => {
  const prompts = lines.flatMap((line) => {
    const { context } = JSON.parse(line) as { readonly context: string };
    return ['--prompt', `<q>${context.slice('\n\nQ: '.length, -'\n\nA:'.length)}<a>`];
  });
  const { stdout } = await rzero(['sample', '--json', '--temperature', '0', ...prompts]);
  const right = stdout
    .trimEnd()
    .split('\n')
    .filter((row, i) => {
      const { completions } = JSON.parse(row) as { readonly completions: readonly string[] };
      return completions[0]?.includes(`\\boxed{${10 + 3 * i + (95 - 2 * i)}}`);
    });
  const [greedy] = await scoresOf(FILES);
  assert.ok(greedy !== undefined && Math.abs(greedy.score - (100 * right.length) / 30) < 1e-9);
});

test('iteration 0 of a run is the embedded model, and a later one is not', async () => {
  const db = join(folder, 'run.db');
  await finishedRun(db, { 'rl.solver.lr': '0.01' });
  const id = query<{ id: string }>(db, 'SELECT id FROM runs')[0]?.id ?? '';
  const of = (iteration: number) => scoresOf(['--run', `${id}@${iteration}`, '--db', db, ...FILES, '--samples', '8']);
  assert.deepEqual(await of(0), await scoresOf([...FILES, '--samples', '8']));
  assert.notDeepEqual(await of(2), await of(0));
});

test('log-probabilities of given completions are those that sampling recorded, within 1e-3', async () => {
  const model = readableModel('tiny');
  const prompts = ['<q>What is 45 plus 17?<a>', '<q>What is 9876 minus 123?<a>', '<q>'];
  const settings = { executionProvider: 'cpu', workers: 2, threadsPerWorker: 1 } as const;
  const { rollouts, scored } = await withReader(model, settings, async (reader) => {
    const sampling = samplingSettings({ maxTokens: 40, stops: formatOf(model).solverStops });
    const encoded = prompts.map((prompt) => model.tokenizer.encode(prompt));
    const rollouts = (await reader.generate(encoded, 6, sampling, stream(3, 'test'))).flat();
    return { rollouts, scored: await reader.score(rollouts) };
  });
  assert.equal(rollouts.length, 18);
  rollouts.forEach(({ logprobs }, i) => {
    near(scored[i] ?? [], logprobs);
  });

  const pairs = rollouts.map(({ prompt, completion }) => ({
    prompt: model.tokenizer.decode(prompt),
    completion: model.tokenizer.decode(completion),
  }));
  const { code, stdout } = await rzero(['score'], pairs.map((pair) => JSON.stringify(pair)).join('\n'));
  assert.equal(code, 0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((row) => JSON.parse(row) as { readonly tokens: number[]; readonly logprobs: number[] });
  rollouts.forEach(({ completion, logprobs }, i) => {
    assert.deepEqual(rows[i]?.tokens, [...completion]);
    near(rows[i]?.logprobs ?? [], logprobs);
  });
});

function near(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs((actual[i] ?? Number.NaN) - value) < 1e-3);
}
