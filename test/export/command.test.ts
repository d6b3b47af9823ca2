import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mergedSource } from '../../src/export/merged-source.js';
import { flatSource } from '../../src/export/weight-source.js';
import { encodeWeights, loadCheckpoint } from '../../src/lm/checkpoint.js';
import { initialAdapters, type LoraSettings, loraLayout } from '../../src/lm/lora.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { decodeSafetensors } from '../../src/lm/safetensors.js';
import { Random, stream } from '../../src/random.js';
import { writeBlob } from '../../storage/blobs.js';
import { recordCheckpoint } from '../../storage/checkpoints.js';
import { commit } from '../../storage/connection.js';
import { openWriter, weightsFolder } from '../../storage/database.js';
import { createRun } from '../../storage/runs.js';
import { recordScore } from '../../storage/scores.js';
import { finishedRun, query, workFolder } from '../actors/support.js';
import { rzero } from '../support/command-line.js';
import { temporaryFolder } from '../support/temporary.js';
import { rzeroExport, TINY } from './exported.js';
import { readGguf } from './read-gguf.js';

/** `rzero export` on a true run of two iterations, and on one whose adapters are made up. */

const folder = workFolder();
const db = join(folder, 'runs.db');
await finishedRun(db);
const [{ id } = { id: '' }] = query<{ readonly id: string }>(db, 'SELECT id FROM runs');

const card = (path: string): string => readFileSync(path, 'utf8');

for (const [role, iteration] of [
  ['solver', 1],
  ['solver', 2],
  ['challenger', 2],
] as const)
  test(`the ${role} after iteration ${iteration} is exported with the weights that the run kept`, async (t) => {
    const out = join(temporaryFolder(t), 'exported');
    await rzeroExport([
      '--run',
      `${id}@${iteration}`,
      '--role',
      role,
      '--db',
      db,
      '--format',
      'safetensors',
      '--out',
      out,
    ]);
    const [{ file, sha256 } = { file: '', sha256: '' }] = query<{ readonly file: string; readonly sha256: string }>(
      db,
      `SELECT file, sha256 FROM checkpoints WHERE kind = 'weights' AND role = '${role}' AND iteration = ${iteration}
       ORDER BY step DESC LIMIT 1`,
    );
    const kept = decodeSafetensors(readFileSync(join(`${db}.weights`, file)), file);
    const exported = decodeSafetensors(readFileSync(join(out, 'model.safetensors')), 'exported');
    assert.deepEqual([...exported], [...kept]);
    assert.match(card(join(out, 'README.md')), new RegExp(`^\\| ${iteration} \\| \\d+ \\| ${sha256} \\|$`, 'm'));
  });

test('an exported folder is a model that scores as the run does', async (t) => {
  const out = join(temporaryFolder(t), 'exported');
  await rzeroExport(['--run', `${id}@2`, '--db', db, '--format', 'safetensors', '--out', out]);
  const scores = async (...of: string[]): Promise<string> =>
    (await rzero(['eval', '--json', '--no-store', '--quiet', '--limit', '3', ...of])).stdout;
  assert.equal(await scores('--model', out), await scores('--run', `${id}@2`, '--db', db));
});

test('iteration 0 is the base, and its card has its scores alone', async (t) => {
  const out = join(temporaryFolder(t), 'exported');
  await rzeroExport(['--run', `${id}@0`, '--db', db, '--format', 'safetensors', '--out', out]);
  assert.deepEqual(loadCheckpoint(out), loadCheckpoint(TINY));
  const [{ score } = { score: -1 }] = query<{ readonly score: number }>(
    db,
    "SELECT score FROM benchmark_scores WHERE iteration = 0 AND metric = 'greedy' AND benchmark = 'two_digit_addition'",
  );
  assert.match(
    card(join(out, 'README.md')),
    new RegExp(`^\\| two_digit_addition \\| greedy \\| 2 \\| ${score.toFixed(1)}`, 'm'),
  );
});

test("an exported folder's generation ends where the tokenizer says, though the base had no such file", async (t) => {
  const out = join(temporaryFolder(t), 'exported');
  const { files } = await rzeroExport(['--model', 'tiny', '--format', 'safetensors', '--out', out]);
  assert.deepEqual(JSON.parse(card(join(out, 'generation_config.json'))), { eos_token_id: 1, pad_token_id: 0 });
  assert.equal(existsSync(join(TINY, 'generation_config.json')), false);
  assert.deepEqual(files.map(({ path }) => path).toSorted(), readdirSync(out).toSorted());
});

test("the type of the weights is the base model's own where none is asked for, and config.json says it", async (t) => {
  const parent = temporaryFolder(t);
  const [half, again] = [join(parent, 'half'), join(parent, 'again.gguf')];
  await rzeroExport(['--model', 'tiny', '--format', 'safetensors', '--dtype', 'bf16', '--out', half]);
  const config = JSON.parse(card(join(half, 'config.json'))) as { readonly torch_dtype: string };
  assert.equal(config.torch_dtype, 'bfloat16');
  const header = readFileSync(join(half, 'model.safetensors')).toString('latin1', 8, 400);
  assert.match(header, /"dtype":"BF16"/);
  const base = join(parent, 'base'); // in float32, though its config.json speaks of another
  await rzeroExport(['--model', 'tiny', '--format', 'safetensors', '--out', base]);
  writeFileSync(join(base, 'config.json'), card(join(half, 'config.json')));
  const { dtype } = await rzeroExport(['--model', base, '--format', 'gguf', '--out', again]);
  assert.equal(dtype, 'bf16');
  assert.equal(readGguf(readFileSync(again)).tensors.get('token_embd.weight')?.type, 30);
});

const LORA: LoraSettings = { rank: 2, alpha: 8, targets: ['q_proj', 'up_proj'] };

/** A database with a run that trained adapters, as far as an export looks; and the adapters after its first iteration. */
function adapterRun(t: TestContext): { readonly file: string; readonly adapters: Float32Array } {
  const file = join(temporaryFolder(t), 'lora.db');
  const { config } = loadCheckpoint(TINY);
  const random = new Random(stream(51, 'adapters'));
  const adapters = initialAdapters(config, LORA, stream(52, 'adapters')).map((a) => a + 0.1 * random.normal());
  const writer = openWriter(file);
  const at = { runId: 'rlora', createdAt: '2026-01-02T03:04:05.000Z' } as const;
  const blob = writeBlob(weightsFolder(writer.path), encodeWeights(loraLayout(config, LORA), adapters), 'safetensors');
  commit(writer, () => {
    createRun(writer, {
      id: at.runId,
      preset: 'tiny',
      model: TINY,
      seed: 1,
      iterations: 2,
      config: { preset: 'tiny', model: TINY, lora: LORA, rl: { solver: { lr: 0.5, '<b>|': 'x' } } },
      startedAt: at.createdAt,
      rzeroVersion: '0.1.0',
    });
    for (const iteration of [0, 1])
      recordScore(writer, {
        ...at,
        iteration,
        benchmark: '<script>',
        domain: 'math',
        metric: 'greedy',
        items: 5,
        score: 40 + iteration,
        stderr: 1,
        file: null,
      });
    recordCheckpoint(writer, { ...blob, ...at, iteration: 1, role: 'solver', step: 3, kind: 'weights' });
  });
  writer.close();
  return { file, adapters };
}

test('a run of adapters, exported whole, scores as it does, and its adapter is the one that it kept', async (t) => {
  const parent = temporaryFolder(t);
  const [runs, whole, adapter] = ['lora.db', 'whole', 'adapter'].map((name) => join(parent, name)) as [
    string,
    string,
    string,
  ];
  await finishedRun(runs, { 'lora.rank': '3', 'rl.solver.lr': '0.02' });
  const [{ id: lora } = { id: '' }] = query<{ readonly id: string }>(runs, 'SELECT id FROM runs');
  const from = ['--run', `${lora}@2`, '--db', runs];
  await rzeroExport([...from, '--format', 'safetensors', '--out', whole]);
  const scores = async (of: readonly string[]): Promise<string> =>
    (await rzero(['eval', '--json', '--no-store', '--quiet', '--limit', '4', ...of])).stdout;
  const own = await scores(from);
  assert.equal(await scores(['--model', whole]), own);
  assert.notEqual(await scores(['--model', 'tiny']), own);
  await rzeroExport([...from, '--format', 'adapter', '--out', adapter]);
  const [{ file } = { file: '' }] = query<{ readonly file: string }>(
    runs,
    `SELECT file FROM checkpoints WHERE kind = 'weights' AND role = 'solver' AND iteration = 2 ORDER BY step DESC LIMIT 1`,
  );
  const kept = decodeSafetensors(readFileSync(join(`${runs}.weights`, file)), file);
  assert.deepEqual([...decodeSafetensors(readFileSync(join(adapter, 'adapter_model.safetensors')), 'out')], [...kept]);
});

test("a run's adapters are merged into the base", async (t) => {
  const { file, adapters } = adapterRun(t);
  const out = join(temporaryFolder(t), 'merged');
  await rzeroExport(['--run', 'rlora@1', '--db', file, '--format', 'safetensors', '--out', out]);
  const { config, weights } = loadCheckpoint(TINY);
  const merged = mergedSource(flatSource(config, weights), LORA, adapters);
  const exported = flatSource(config, loadCheckpoint(out).weights);
  let changed = 0;
  for (const { name } of parameterLayout(config).parameters) {
    assert.deepEqual(exported.tensor(name), merged.tensor(name), name);
    if (name.includes('q_proj') || name.includes('up_proj')) changed++;
  }
  assert.equal(changed, 2 * config.layerCount);
  assert.notDeepEqual(loadCheckpoint(out).weights, weights);
});

test("a run's adapters are exported by themselves, and one that was never trained changes nothing", async (t) => {
  const { file, adapters } = adapterRun(t);
  const [out, fresh] = [join(temporaryFolder(t), 'adapter'), join(temporaryFolder(t), 'fresh')];
  const args = ['--db', file, '--format', 'adapter', '--base-model', 'owner/base'];
  await rzeroExport(['--run', 'rlora@1', ...args, '--out', out]);
  assert.deepEqual(readdirSync(out).toSorted(), ['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
  const { config } = loadCheckpoint(TINY);
  const expected = decodeSafetensors(encodeWeights(loraLayout(config, LORA), adapters), 'kept');
  assert.deepEqual([...decodeSafetensors(readFileSync(join(out, 'adapter_model.safetensors')), 'out')], [...expected]);
  const settings = JSON.parse(card(join(out, 'adapter_config.json'))) as { readonly base_model_name_or_path: string };
  assert.equal(settings.base_model_name_or_path, 'owner/base');
  await rzeroExport(['--run', 'rlora@1', '--role', 'challenger', ...args, '--out', fresh]);
  const zero = decodeSafetensors(readFileSync(join(fresh, 'adapter_model.safetensors')), 'fresh');
  assert.ok([...zero].every(([name, { data }]) => !name.includes('lora_B') || data.every((value) => value === 0)));
});

test("a card says which adapters were trained, and shows the database's text as text", async (t) => {
  const { file } = adapterRun(t);
  const out = join(temporaryFolder(t), 'model.gguf');
  await rzeroExport(['--run', 'rlora@1', '--db', file, '--format', 'gguf', '--out', out]);
  const text = card(out.replace('.gguf', '.md'));
  assert.match(text, /LoRA of rank 2 and alpha 8 on q_proj, up_proj; the base stayed as it was/);
  assert.match(text, /^\| rl\.solver\.lr \| 0\.0002 \| 0\.5 \|$/m);
  assert.match(text, /^\| rl\.solver\.\\<b\\>\\\| \| {2}\| \\"x\\" \|$/m);
  assert.match(text, /^\| \\<script\\> \| greedy \| 5 \| 40\.0 ± 1\.0 \| 41\.0 ± 1\.0 \| \+1\.0 ± 1\.4 \|$/m);
});

const TO = ['--format', 'safetensors', '--out', '/nowhere/out'];
const REFUSED: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['nothing to export', TO, 2, /name what to export with --run ID@ITERATION or --model DIR/],
  ['a run without its iteration', ['--run', id, ...TO], 2, /--run wants ID@ITERATION/],
  ['a run that is not there', ['--run', 'zzzz@1', '--db', db, ...TO], 2, /there is no run "zzzz"/],
  ['an iteration that is not there', ['--run', `${id}@3`, '--db', db, ...TO], 2, /has no iteration 3 yet; .* to 2/],
  ['a run and a model', ['--run', `${id}@1`, '--model', 'tiny', ...TO], 2, /cannot be used with option/],
  ['a role of a model', ['--model', 'tiny', '--role', 'solver', ...TO], 2, /cannot be used with option/],
  ['a model that is not there', ['--model', '/nowhere', ...TO], 1, /\/nowhere\/config.json is missing/],
  [
    'an unknown format',
    ['--model', 'tiny', '--format', 'onx', '--out', 'x'],
    2,
    /Allowed choices are safetensors, adapter/,
  ],
  [
    'an adapter of a run that trained all weights',
    ['--run', `${id}@1`, '--db', db, '--format', 'adapter', '--out', '/nowhere/out'],
    2,
    /trained all weights, so there is no adapter of it/,
  ],
  [
    'half precision for ONNX',
    ['--model', 'tiny', '--format', 'onnx', '--dtype', 'f16', '--out', 'x'],
    2,
    /onnx is written in f32/,
  ],
  ['GGUF under another ending', ['--model', 'tiny', '--format', 'gguf', '--out', 'x.bin'], 2, /ends in \.gguf/],
  [
    'a name that the Hub can not have',
    ['--model', 'tiny', '--base-model', 'a b', ...TO],
    2,
    /--base-model wants OWNER\/NAME/,
  ],
  ['a folder that is there', ['--model', 'tiny', '--format', 'onnx', '--out', folder], 2, /is there already; --force/],
  [
    'a folder that is no export',
    ['--model', 'tiny', '--format', 'onnx', '--force', '--out', folder],
    2,
    /no model card of rzero export/,
  ],
  [
    'a folder below a file',
    ['--model', 'tiny', '--format', 'onnx', '--out', join(db, 'x')],
    1,
    /a part of its path is a file/,
  ],
  [
    'a disk that is read-only',
    ['--model', 'tiny', '--format', 'onnx', '--out', '/sys/rzero/out'],
    1,
    /\/sys\/rzero\/out could not be written: its (folder may not be written to|disk is read-only)/,
  ],
];

for (const [claim, args, exitCode, says] of REFUSED)
  test(`${claim} is refused in one sentence`, async () => {
    const { code, stdout, stderr } = await rzero(['export', ...args]);
    assert.deepEqual([code, stdout], [exitCode, '']);
    assert.match(stderr, says);
    assert.match(stderr, /^rzero: .*\n$/);
  });

test('with --force one export takes the place of another', async (t) => {
  const out = join(temporaryFolder(t), 'exported');
  await rzeroExport(['--model', 'tiny', '--format', 'onnx', '--out', out]);
  await rzeroExport(['--model', 'tiny', '--format', 'safetensors', '--force', '--out', out]);
  assert.equal(existsSync(join(out, 'onnx')), false);
  assert.deepEqual(loadCheckpoint(out), loadCheckpoint(TINY));
});
