import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ggufFile } from '../../src/export/gguf.js';
import { numberedVocabulary } from '../../src/export/gguf-vocabulary.js';
import { flatSource } from '../../src/export/weight-source.js';
import type { DecoderConfig } from '../../src/lm/architecture.js';

/** Writes a decoder in F32 as GGUF, its tokens named by their ids: enough for a reader that is given ids. */
export function writeNumberedGguf(file: string, config: DecoderConfig, weights: Float32Array): void {
  const vocabulary = numberedVocabulary(config.vocabularySize, null);
  const { chunks } = ggufFile(basename(file), flatSource(config, weights), vocabulary, { name: 'test', dtype: 'f32' });
  writeFileSync(file, Buffer.concat([...chunks()]));
}
