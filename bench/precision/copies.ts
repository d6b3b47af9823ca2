import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointSource } from '../../src/export/checkpoint-source.js';
import { type ExportFile, jsonFile } from '../../src/export/export-file.js';
import { quantizedFiles } from '../../src/export/quantized-files.js';
import { SHARD_BYTES, safetensorsFiles } from '../../src/export/safetensors-files.js';
import { writeFolder } from '../../src/export/write-export.js';
import { architectureFile } from '../../src/lm/architecture.js';
import { type CheckpointFiles, openCheckpoint } from '../../src/lm/checkpoint.js';
import { QUANTIZATION } from '../../src/lm/quantization.js';

/** Precisions of stored weights. */
export const PRECISIONS = ['F32', 'BF16', 'F16', 'int4'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Copies of a checkpoint in every precision, without tokenizers, in folders below `home`. */
export async function copiesOf(source: CheckpointFiles, home: string): Promise<Record<Precision, CheckpointFiles>> {
  const copy = async (precision: Precision): Promise<CheckpointFiles> => {
    const folder = join(home, precision);
    await writeFolder(folder, filesIn(source, precision), { signal: new AbortController().signal, onBytes: () => {} });
    return openCheckpoint(folder);
  };
  return { F32: await copy('F32'), BF16: await copy('BF16'), F16: await copy('F16'), int4: await copy('int4') };
}

function filesIn(source: CheckpointFiles, precision: Precision): ExportFile[] {
  const config = architectureFile(source.config);
  if (precision === 'int4')
    return [
      jsonFile('config.json', { ...config, quantization_config: QUANTIZATION }),
      ...quantizedFiles(source, SHARD_BYTES),
    ];
  const dtype = ({ F32: 'f32', BF16: 'bf16', F16: 'f16' } as const)[precision];
  return [jsonFile('config.json', config), ...safetensorsFiles(checkpointSource(source), dtype, SHARD_BYTES)];
}

/** Puts a tokenizer's files into a folder. */
export function addFiles(folder: string, files: readonly ExportFile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { path, chunks } of files) writeFileSync(join(folder, path), Buffer.concat([...chunks()]));
}
