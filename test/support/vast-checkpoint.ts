import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureFile, type DecoderConfig } from '../../src/lm/architecture.js';
import { fileShape } from '../../src/lm/file-layout.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { safetensorsHeader } from '../../src/lm/safetensors.js';

/** A checkpoint folder as large as its shape says and whole by its header, whose weights are a hole in the file: all zero,
 *  and nothing on the disk. */
export function vastCheckpoint(folder: string, config: DecoderConfig): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(architectureFile(config)));
  const { parameters, size } = parameterLayout(config);
  const start = safetensorsHeader(
    parameters.map((parameter) => ({ name: parameter.name, type: 'F32', shape: fileShape(parameter) })),
  );
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, start);
  truncateSync(path, start.length + 4 * size);
}
