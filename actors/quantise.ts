import { basename, resolve } from 'node:path';
import { UsageError } from '../src/errors.js';
import { layoutFiles, readCheckpointFolder } from '../src/export/checkpoint-folder.js';
import { smallFile } from '../src/export/export-file.js';
import { quantizedCard } from '../src/export/quantized-card.js';
import { quantizedFiles } from '../src/export/quantized-files.js';
import { SHARD_BYTES } from '../src/export/safetensors-files.js';
import { checkFolder, writeFolder } from '../src/export/write-export.js';
import { isQuantizedCheckpoint, openCheckpoint } from '../src/lm/checkpoint.js';
import { storedTensors } from '../src/lm/checkpoint-files.js';
import { QUANTIZATION } from '../src/lm/quantization.js';
import { modelFolder } from './model.js';
import type { OnProgress } from './progress.js';

export interface QuantiseSettings {
  readonly model: string;
  readonly out: string;
  /** Replaces what an export or a quantisation wrote there. */
  readonly force: boolean;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface Quantised {
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly size_bytes: number }[];
  /** Of the weights, before and after. */
  readonly model_bytes: number;
  readonly quantised_bytes: number;
}

/** Writes a checkpoint folder whose projections are in blocks of 4 bits, a tensor at a time.
 *  @throws UsageError for what is there already, or quantised already; CheckpointError for what can't be. */
export async function quantiseModel(settings: QuantiseSettings): Promise<Quantised> {
  const [folder, out] = [resolve(modelFolder(settings.model)), resolve(settings.out)];
  if (out === folder) throw new UsageError(`--out ${settings.out} is the model itself; name another folder`);
  checkFolder(out, settings.force);
  if (isQuantizedCheckpoint(folder))
    throw new UsageError(`${folder} is quantised already; name the checkpoint that it was made from`);
  const weights = quantizedFiles(openCheckpoint(folder), SHARD_BYTES);
  const name = settings.model === 'tiny' ? 'rzero tiny' : basename(folder);
  const files = [
    ...layoutFiles(readCheckpointFolder(folder), { quantization_config: QUANTIZATION }),
    ...weights,
    smallFile('README.md', quantizedCard(name, settings.version)),
  ];
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  const onBytes = (count: number): void => {
    done += count;
    settings.onProgress({ label: 'quantise', done: done / 1e6, total: total / 1e6, unit: 'MB' });
  };
  await writeFolder(out, files, { signal: settings.signal, onBytes });
  return {
    out,
    files: files.map(({ path, sizeBytes }) => ({ path, size_bytes: sizeBytes })),
    model_bytes: [...storedTensors(folder).tensors.values()].reduce((sum, { from, to }) => sum + to - from, 0),
    quantised_bytes: weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
