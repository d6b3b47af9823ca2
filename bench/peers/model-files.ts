import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ExportFile } from '../../src/export/export-file.js';
import { ggufFile as ggufExport } from '../../src/export/gguf.js';
import { numberedVocabulary } from '../../src/export/gguf-vocabulary.js';
import { onnxFiles } from '../../src/export/onnx-decoder.js';
import { flatSource } from '../../src/export/weight-source.js';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { writeAside } from '../../src/write-aside.js';
import { sharpWeights } from './workload.js';

/** The llama.cpp file in a model's folder. */
export const ggufFile = (modelFolder: string): string => join(modelFolder, 'model.gguf');

/**
 * Makes the same random weights in the format of each engine, in one folder: a checkpoint for rzero, GGUF for llama.cpp,
 * `onnx/model.onnx` for transformers.js, and flat numbers with their layout for PyTorch. The last two only of small models.
 * A folder that is complete is left as it is: after a change of the weights or the formats, delete it.
 */
export function makeModelFiles(modelFolder: string, config: DecoderConfig): void {
  const done = join(modelFolder, 'complete');
  if (existsSync(done)) return;
  rmSync(modelFolder, { recursive: true, force: true });
  mkdirSync(join(modelFolder, 'onnx'), { recursive: true });
  const weights = sharpWeights(config);
  saveCheckpoint(modelFolder, { config, weights });
  const source = flatSource(config, weights);
  const numbered = numberedVocabulary(config.vocabularySize, null);
  write(modelFolder, ggufExport(basename(ggufFile(modelFolder)), source, numbered, { name: 'rzero', dtype: 'f32' }));
  if (weights.byteLength <= SMALL_BYTES) {
    // One file whatever its size: what is measured is not how weights are found.
    for (const file of onnxFiles(source, { inlineBytes: SMALL_BYTES, dataBytes: SMALL_BYTES }))
      write(modelFolder, file);
    const { parameters } = parameterLayout(config);
    writeFileSync(join(modelFolder, 'weights.f32'), new Uint8Array(weights.buffer));
    writeFileSync(join(modelFolder, 'layout.json'), JSON.stringify({ config: architectureFile(config), parameters }));
  }
  writeFileSync(done, '');
}

/** Weights up to which a model is made for transformers.js and PyTorch too. */
const SMALL_BYTES = 1.5e9;

function write(folder: string, file: ExportFile): void {
  writeAside(join(folder, file.path), (append) => {
    for (const chunk of file.chunks()) append(chunk);
  });
}
