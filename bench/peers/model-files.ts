import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGguf } from '../../src/export/gguf.js';
import { ONNX_SIZE_LIMIT, writeOnnxDecoder } from '../../src/export/onnx-decoder.js';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
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
  writeGguf(ggufFile(modelFolder), config, weights);
  if (weights.byteLength <= ONNX_SIZE_LIMIT) {
    writeOnnxDecoder(join(modelFolder, 'onnx', 'model.onnx'), config, weights);
    const { parameters } = parameterLayout(config);
    writeFileSync(join(modelFolder, 'weights.f32'), new Uint8Array(weights.buffer));
    writeFileSync(join(modelFolder, 'layout.json'), JSON.stringify({ config: architectureFile(config), parameters }));
  }
  writeFileSync(done, '');
}
