import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonFile } from '../../src/export/export-file.js';
import { quantizedFiles } from '../../src/export/quantized-files.js';
import { SHARD_BYTES } from '../../src/export/safetensors-files.js';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { type CheckpointFiles, openCheckpoint, saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { QUANTIZATION } from '../../src/lm/quantization.js';
import { FAMILIES, sharpWeights } from './small-models.js';
import { temporaryFolder } from './temporary.js';

/** Small decoders of all families whose sizes blocks of 32 divide. */
export const BLOCK_FAMILIES: readonly (readonly [name: string, config: DecoderConfig])[] = FAMILIES.map(
  ([name, config]) => [name, { ...config, hiddenSize: 32, headSize: 8, feedForwardSize: 64, maxPositions: 256 }],
);

/** A random model as it was, in 4 bits, and with what those 4 bits stand for, each in a folder of its own. */
export interface QuantizedModel {
  readonly before: CheckpointFiles;
  readonly quantized: CheckpointFiles;
  readonly dequantized: CheckpointFiles;
  /** The last one's weights, flat. */
  readonly flat: Float32Array;
}

export function quantizedModel(
  t: { after(release: () => void): void },
  config: DecoderConfig,
  shardBytes = SHARD_BYTES,
): QuantizedModel {
  const home = temporaryFolder(t);
  const folderOf = (name: string): string => join(home, name);
  saveCheckpoint(folderOf('before'), { config, weights: sharpWeights(config, 4) });
  const before = openCheckpoint(folderOf('before'));
  writeQuantized(folderOf('quantized'), before, shardBytes);
  const quantized = openCheckpoint(folderOf('quantized'));
  const flat = flatWeights(quantized);
  saveCheckpoint(folderOf('dequantized'), { config, weights: flat });
  return { before, quantized, dequantized: openCheckpoint(folderOf('dequantized')), flat };
}

/** Writes the folder as `rzero quantise` does, without a tokenizer. */
export function writeQuantized(folder: string, source: CheckpointFiles, shardBytes = SHARD_BYTES): void {
  mkdirSync(folder, { recursive: true });
  const config = { ...architectureFile(source.config), quantization_config: QUANTIZATION };
  for (const { path, chunks } of [jsonFile('config.json', config), ...quantizedFiles(source, shardBytes)])
    writeFileSync(join(folder, path), Buffer.concat([...chunks()]));
}

/** A checkpoint's weights in float32, flat, by nothing of the product but its places: blocks by their definition. */
export function flatWeights({ folder, config, places }: CheckpointFiles): Float32Array {
  const layout = parameterLayout(config);
  const flat = new Float32Array(layout.size);
  for (const { name, kind, shape, offset, size } of layout.parameters) {
    const place = places.get(name);
    if (place === undefined) throw new Error(`no place of ${name}`);
    const inFile = 'packed' in place ? blockValues(folder, place) : floatsAt(folder, place);
    const [rows = 1, columns = 1] = kind === 'projection' ? shape : [1, size];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        flat[offset + r * columns + c] = inFile[kind === 'projection' ? c * rows + r : c] as number;
  }
  return flat;
}

type Place = Extract<ReturnType<CheckpointFiles['places']['get']>, { dtype: unknown }>;
type Blocks = Extract<ReturnType<CheckpointFiles['places']['get']>, { packed: unknown }>;

const bytesAt = (
  folder: string,
  { file, offset, sizeBytes }: Pick<Place, 'file' | 'offset' | 'sizeBytes'>,
): Uint8Array => Uint8Array.from(readFileSync(join(folder, file)).subarray(offset, offset + sizeBytes));
const floatsAt = (folder: string, place: Pick<Place, 'file' | 'offset' | 'sizeBytes'>): Float32Array =>
  new Float32Array(bytesAt(folder, place).buffer);

/** The definition: two numbers q from 0 to 15 in a byte, the first in its low half, each scale · (q − 8); a scale for 32 of them. */
function blockValues(folder: string, { packed, scales }: Blocks): Float32Array {
  const [bytes, scale] = [bytesAt(folder, packed), floatsAt(folder, scales)];
  return Float32Array.from({ length: 2 * bytes.length }, (_, i) => {
    const byte = bytes[i >> 1] ?? 0;
    return (scale[Math.floor(i / 32)] ?? 0) * ((i % 2 === 0 ? byte % 16 : Math.floor(byte / 16)) - 8);
  });
}
