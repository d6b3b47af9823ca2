import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCheckpoint } from '../../src/lm/checkpoint.js';
import { SHAPES } from '../../src/lm/shapes.js';
import { documents, PLAIN_CORPUS } from '../../src/pretraining/corpus.js';
import { rzero } from '../support/command-line.js';
import { vastCheckpoint } from '../support/vast-checkpoint.js';
import { finishedRun, MAIN, query, TINY, workFolder } from './support.js';

/** The command on the embedded model: worked documents, so that it learns to work. */

const folder = workFolder();
const data = join(folder, 'worked.jsonl');
const draw = documents({ ...PLAIN_CORPUS, direct: 0, general: 0 }, 78);
const lines = Array.from({ length: 96 }, () => {
  const [prompt, completion] = draw.next().value.text.split(/(?<=<a>)/);
  return JSON.stringify({ prompt, completion });
});
writeFileSync(data, `${lines.join('\n')}\n`);
const bad = join(folder, 'bad.jsonl');
writeFileSync(bad, `${lines.slice(0, 40).join('\n')}\n{"question": "What is 1 plus 1?"}\n`);
const occupied = join(folder, 'occupied');
mkdirSync(occupied);
writeFileSync(join(occupied, 'notes.txt'), 'mine');
const vast = join(folder, 'vast');
vastCheckpoint(vast, SHAPES['qwen3-4b']);

interface Told {
  readonly out: string;
  readonly parameters: number;
  readonly examples: number;
  readonly skipped: { readonly count: number; readonly first: string | null };
  readonly losses: readonly number[];
  readonly held_out_losses: readonly number[];
}

async function told(args: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await rzero(['finetune', '--json', '--quiet', ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Told;
}

const out = join(folder, 'tuned');
const first = await told(['--data', data, '--held-out', data, '--epochs', '2', '--batch', '16', '--out', out]);

test('finetune lowers the loss on its data and writes a model that every command takes', async () => {
  assert.equal(first.examples, 96);
  const [before = 0, , after = 0] = first.held_out_losses;
  assert.ok(after < before, first.held_out_losses.join(' '));
  assert.notDeepEqual(loadCheckpoint(out).weights, loadCheckpoint(TINY).weights);
  const { code, stdout } = await rzero([
    'sample',
    '--model',
    out,
    '--prompt',
    '<q>What is 45 plus 17?<a>',
    '--temperature',
    '0',
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /62/); // worked, where the base answers at once
  assert.match(readFileSync(join(out, 'README.md'), 'utf8'), /96 of worked\.jsonl/);
});

test('the same seed gives the same file', async () => {
  const again = join(folder, 'again');
  await told(['--data', data, '--epochs', '2', '--batch', '16', '--out', again]);
  assert.deepEqual(readFileSync(join(again, 'model.safetensors')), readFileSync(join(out, 'model.safetensors')));
});

test('bad lines are passed over and counted where that is asked for', async () => {
  const { examples, skipped } = await told([
    '--data',
    bad,
    '--skip-bad',
    '--epochs',
    '1',
    '--out',
    join(folder, 'skipped'),
  ]);
  assert.equal(examples, 40);
  assert.equal(skipped.count, 1);
  assert.match(skipped.first ?? '', /line 41: expected question and answer/);
});

test('it begins from the Solver of a run, whose adapters go on learning', async () => {
  for (const rank of ['0', '4']) {
    const db = join(folder, `run-${rank}.db`);
    await finishedRun(db, { 'lora.rank': rank, 'rl.solver.lr': '0.01', iterations: '1' });
    const id = query<{ id: string }>(db, 'SELECT id FROM runs')[0]?.id ?? '';
    const held = ['--data', data, '--held-out', data, '--limit', '16', '--epochs', '1', '--db', db];
    const base = await told([...held, '--run', `${id}@0`, '--out', join(folder, `base-${rank}`)]);
    const evolved = await told([...held, '--run', `${id}@1`, '--out', join(folder, `evolved-${rank}`)]);
    assert.equal(base.held_out_losses[0]?.toFixed(4), first.held_out_losses[0]?.toFixed(4));
    assert.notEqual(evolved.held_out_losses[0]?.toFixed(4), base.held_out_losses[0]?.toFixed(4));
    assert.equal(evolved.parameters < 100_000, rank === '4');
    assert.match(readFileSync(join(folder, `evolved-${rank}`, 'README.md'), 'utf8'), new RegExp(`${id}.@1`));
  }
});

test('adapters of a model are merged into what is written', async () => {
  const merged = join(folder, 'merged');
  const { parameters } = await told([
    '--data',
    data,
    '--lora-rank',
    '4',
    '--lr',
    '0.005',
    '--epochs',
    '1',
    '--out',
    merged,
  ]);
  assert.ok(parameters < 100_000);
  const [found, base] = [loadCheckpoint(merged).weights, loadCheckpoint(TINY).weights];
  assert.equal(found.length, base.length);
  assert.notDeepEqual(found, base);
});

const REFUSED: readonly (readonly [claim: string, args: readonly string[], code: number, says: RegExp])[] = [
  ['a bad line', ['--data', bad, '--out', join(folder, 'x')], 1, /bad\.jsonl, line 41: expected question and answer/],
  ['a file that is not there', ['--data', join(folder, 'no'), '--out', join(folder, 'x')], 1, /no does not exist/],
  ['no data', ['--out', join(folder, 'x')], 2, /'--data <file>' not specified/],
  ['no folder', ['--data', data], 2, /'--out <dir>' not specified/],
  ['a folder that is there', ['--data', data, '--out', out], 2, /tuned is there already; --force replaces it/],
  ['a folder of others', ['--data', data, '--out', occupied, '--force'], 2, /no model card/],
  ['the model itself', ['--data', data, '--model', out, '--out', out, '--force'], 2, /is the model itself/],
  ['a rate of 0', ['--data', data, '--out', join(folder, 'x'), '--lr', '0'], 2, /above 0/],
  ['a batch of 0', ['--data', data, '--out', join(folder, 'x'), '--batch', '0'], 2, /1 or more/],
  [
    'more tokens than positions',
    ['--data', data, '--out', join(folder, 'x'), '--max-tokens', '9999'],
    2,
    /256 positions/,
  ],
  ['a run without an iteration', ['--data', data, '--out', join(folder, 'x'), '--run', 'zzz'], 2, /wants ID@ITERATION/],
  [
    'a model and a run',
    ['--data', data, '--out', join(folder, 'x'), '--run', 'z@1', '--model', 'tiny'],
    2,
    /cannot be used with/,
  ],
  [
    'all weights of a model that is too large for any machine here',
    ['--data', data, '--out', join(folder, 'x'), '--model', vast, '--workers', '64', '--lora-rank', '0'],
    2,
    /fine-tuning needs \d+\.\d GB of memory .* it takes less with adapters \(--lora-rank 16\)/,
  ],
];

for (const [claim, args, code, says] of REFUSED) {
  test(`${claim} is refused with its mend, and nothing is made`, async () => {
    const printed = await rzero(['finetune', ...args]);
    assert.equal(printed.code, code, printed.stderr);
    assert.equal(printed.stdout, '');
    assert.match(printed.stderr, says);
    assert.equal(existsSync(join(folder, 'x')), false);
  });
}

test('Ctrl-C stops it in good order, and leaves nothing half written', async () => {
  const stopped = join(folder, 'stopped');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [MAIN, 'finetune', '--data', data, '--epochs', '100000', '--out', stopped], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  const closed = once(child, 'close') as Promise<[number | null]>;
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    stderr += String(chunk);
    if (stderr.includes('fine-tune:') && !child.killed) child.kill('SIGINT');
  }
  const [code] = await closed;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /fine-tuning was stopped; nothing was written/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('stopped')),
    [],
  );
});
