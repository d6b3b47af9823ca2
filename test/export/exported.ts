import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { samplingSettings } from '../../src/lm/batching.js';
import { saveCheckpoint } from '../../src/lm/checkpoint.js';
import { shareWeights } from '../../src/policies/state.js';
import { rzero } from '../support/command-line.js';
import { engineFor } from '../support/small-models.js';

/** The embedded model's folder. */
export const TINY = fileURLToPath(new URL('../../../models/tiny', import.meta.url)); // from dist/test/export

export const LLAMA3_SCALING = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 32 };

/** Makes a checkpoint in `folder`, with the tokenizer files of another and changes to its config.json. */
export function makeCheckpoint(
  folder: string,
  config: DecoderConfig,
  weights: Float32Array,
  tokenizerFolder: string,
  changes: Readonly<Record<string, unknown>> = {},
): void {
  saveCheckpoint(folder, { config, weights });
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...architectureFile(config), ...changes }));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(tokenizerFolder, name), join(folder, name));
}

/** Runs `rzero export ARGS` and gives what it printed with --json. */
export async function rzeroExport(args: readonly string[]): Promise<{
  readonly dtype: string;
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly size_bytes: number }[];
  readonly news: readonly string[];
}> {
  const { code, stdout, stderr } = await rzero(['export', '--json', '--quiet', ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Our own greedy continuations. */
export async function greedyTokens(
  config: DecoderConfig,
  weights: Float32Array,
  prompts: readonly (readonly number[])[],
  maxTokens: number,
  stops: readonly number[] = [],
): Promise<number[][]> {
  const generated = await engineFor(config).generate({
    weights: shareWeights(weights),
    prompts,
    requests: prompts.map((_, prompt) => ({ prompt, key: 0 })),
    sampling: samplingSettings({ temperature: 0, maxTokens, stops }),
  });
  return generated.map(({ tokens }) => [...tokens]);
}
