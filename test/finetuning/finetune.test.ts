import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { modelFolder } from '../../actors/model.js';
import { finetune } from '../../src/finetuning/finetune.js';
import { loadCheckpoint, openCheckpoint } from '../../src/lm/checkpoint.js';
import { initialAdapters, loraLayout } from '../../src/lm/lora.js';
import { LORA_TARGETS } from '../../src/lora-targets.js';
import { documents, PLAIN_CORPUS } from '../../src/pretraining/corpus.js';
import { LmPool } from '../../src/workers/pool.js';

/** Worked documents of another seed than the corpus's. */
const draw = documents({ ...PLAIN_CORPUS, direct: 0 }, 77);
const examples = Array.from({ length: 96 }, () => {
  const { tokens, answerStart } = draw.next().value;
  return { prompt: tokens.slice(0, answerStart), completion: tokens.slice(answerStart) };
});
const [train, heldOut] = [examples.slice(0, 64), examples.slice(64)];
const folder = modelFolder('tiny');
const { config, weights } = loadCheckpoint(folder);
const pools = [1, 2].map((workers) => new LmPool(config, 'cpu', workers, 1, () => {}));
after(() => Promise.all(pools.map((pool) => pool.close())));
const pool = pools[1] as LmPool;
const SETTINGS = { epochs: 3, learningRate: 5e-4, batch: 16, seed: 3, recompute: false };

const tuned = await finetune(pool, null, weights, { examples: train, heldOut }, SETTINGS, () => {});

test('the loss falls on what is learned and on what is held out', () => {
  const [first = 0, , last = 0] = tuned.epochs;
  assert.ok(last < 0.8 * first, `${first} to ${last}`);
  assert.equal(tuned.heldOut.length, 4); // before, and after each epoch
  assert.ok((tuned.heldOut.at(-1) ?? 1) < 0.92 * (tuned.heldOut[0] ?? 0), tuned.heldOut.join(' '));
});

test('the same seed gives the same weights, another one others', async () => {
  const again = await finetune(pool, null, weights, { examples: train, heldOut: [] }, SETTINGS, () => {});
  assert.deepEqual(again.weights, tuned.weights);
  const other = await finetune(
    pool,
    null,
    weights,
    { examples: train, heldOut: [] },
    { ...SETTINGS, seed: 4 },
    () => {},
  );
  assert.notDeepEqual(other.weights, tuned.weights);
});

test('two workers learn what one learns, and layers computed again what is kept, within rounding', async () => {
  const one = await finetune(
    pools[0] as LmPool,
    null,
    weights,
    { examples: train, heldOut },
    { ...SETTINGS, recompute: true },
    () => {},
  );
  for (const [i, loss] of tuned.heldOut.entries()) assert.ok(Math.abs(loss - (one.heldOut[i] ?? 0)) < 1e-3);
});

test('prompts are read and not learned', async () => {
  // The loss of the one step, before its update, is that of the completion's one token as it is scored.
  const [example] = train;
  assert.ok(example);
  const short = { prompt: example.prompt, completion: example.completion.slice(0, 1) };
  const { heldOut, epochs } = await finetune(
    pool,
    null,
    weights,
    { examples: [short], heldOut: [short] },
    { ...SETTINGS, epochs: 1 },
    () => {},
  );
  assert.ok(Math.abs((heldOut[0] ?? 0) - (epochs[0] ?? 1)) < 1e-4);
});

test('adapters over weights that stay in their files learn too, and the weights stay', async () => {
  const { folder: home, places } = openCheckpoint(folder);
  const lora = { rank: 8, alpha: 16, targets: [...LORA_TARGETS] };
  const base = { base: { folder: home, places }, lora };
  const initial = initialAdapters(config, lora, 5);
  const settings = { ...SETTINGS, learningRate: 5e-3, recompute: true };
  const { weights: adapters, heldOut: losses } = await finetune(
    pool,
    base,
    initial,
    { examples: train, heldOut },
    settings,
    () => {},
  );
  assert.equal(adapters.length, loraLayout(config, lora).size);
  assert.equal(losses[0]?.toFixed(4), tuned.heldOut[0]?.toFixed(4)); // fresh adapters change nothing
  assert.ok((losses.at(-1) ?? 1) < 0.9 * (losses[0] ?? 0), losses.join(' '));
});
