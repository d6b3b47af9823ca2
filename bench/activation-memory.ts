import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { initialWeights } from '../src/lm/parameters.js';
import { SHAPES } from '../src/lm/shapes.js';
import { shareWeights } from '../src/policies/state.js';
import { stream } from '../src/random.js';
import { Engine } from '../src/workers/engine.js';

/**
 * Bytes of memory that training needs for each token of a micro-batch, with and without gradient checkpointing: how much
 * higher the resident memory of a process climbs for 8,192 tokens than for 2,048, each in a process of its own.
 *
 *   npm run bench:memory
 */
const LENGTH = 64;
const [, script, tokens, recompute] = process.argv;

if (tokens !== undefined) await trainOnce(Number(tokens), recompute === 'recompute');
else {
  process.stdout.write(
    '| shape | activations | bytes a token | bytes a token and layer |\n| --- | --- | --- | --- |\n',
  );
  for (const mode of ['keep', 'recompute']) {
    const bytes = (peak(8192, mode) - peak(2048, mode)) / (8192 - 2048);
    const layers = SHAPES.prototype.layerCount;
    process.stdout.write(
      `| prototype | ${mode === 'keep' ? 'kept' : 'computed again'} | ${bytes.toFixed(0)} | ${(bytes / layers).toFixed(0)} |\n`,
    );
  }
}

/** Highest resident memory, in bytes, of a process that trains on so many tokens. */
function peak(tokenCount: number, mode: string): number {
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [script ?? fileURLToPath(import.meta.url), String(tokenCount), mode],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`a measurement failed: ${stderr}`);
  return Number(stdout);
}

async function trainOnce(tokenCount: number, recomputed: boolean): Promise<void> {
  const config = SHAPES.prototype;
  const engine = new Engine(config, 'cpu', () => {}, 1);
  const weights = shareWeights(initialWeights(config, stream(0, 'memory')));
  const batch = Array.from({ length: tokenCount / LENGTH }, (_, i) => ({
    tokens: Array.from({ length: LENGTH + 1 }, (_, t) => (7 * i + 13 * t) % config.vocabularySize),
    start: 1,
    advantage: 1,
    weight: 1 / tokenCount,
    behaviourLogprobs: Array.from({ length: LENGTH }, () => -Math.log(config.vocabularySize)),
  }));
  const settings = { kl: 0, clipLow: 0.2, clipHigh: 0.28, ratio: 'token' } as const;
  const task = { weights, reference: null, batches: [batch], settings, train: { recompute: recomputed } };
  for (let run = 0; run < 3; run++) await engine.grpo(task);
  process.stdout.write(`${process.resourceUsage().maxRSS * 1024}`);
}
