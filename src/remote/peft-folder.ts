import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import { adapterFiles } from '../export/adapter-files.js';
import type { DecoderConfig } from '../lm/architecture.js';
import type { LoraSettings } from '../lm/lora.js';
import { writeAside } from '../write-aside.js';

/** Writes adapters as the folder that PEFT saves and vLLM loads; `base` is the base model's name or folder. The
 *  configuration comes last: a folder that has one is whole. @throws CheckpointError where it can't be written. */
export function writePeftFolder(
  folder: string,
  config: DecoderConfig,
  lora: LoraSettings,
  adapters: Float32Array,
  base: string,
): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new CheckpointError(`${folder} could not be made; see rollouts.loraFolder`, { cause });
  }
  for (const { path, chunks } of adapterFiles(config, lora, adapters, base)) {
    writeAside(join(folder, path), (append) => {
      for (const chunk of chunks()) append(chunk);
    });
  }
}
