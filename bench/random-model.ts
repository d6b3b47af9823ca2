import { parseArgs } from 'node:util';
import { EXPORT_DTYPES, jsonFile } from '../src/export/export-file.js';
import { SHARD_BYTES, safetensorsFiles } from '../src/export/safetensors-files.js';
import type { WeightSource } from '../src/export/weight-source.js';
import { writeFolder } from '../src/export/write-export.js';
import { architectureFile, type DecoderConfig } from '../src/lm/architecture.js';
import { parameterLayout, randomParameter } from '../src/lm/parameters.js';
import { SHAPES } from '../src/lm/shapes.js';
import { stream } from '../src/random.js';
import { shapeFlag } from './shape-flag.js';

/**
 * A checkpoint folder of random weights, to measure a model's speed and memory without having it. It has no tokenizer. A
 * tensor is made as it is written, so that a large model takes little memory.
 *
 *   npm run random-model -- --shape qwen3-0.6b --out runs/qwen3-0.6b                  2.4 GB, a minute
 *   npm run random-model -- --shape qwen3-4b --dtype bf16 --out runs/qwen3-4b         8 GB in two shards
 *   ./bin/rzero bench --model runs/qwen3-0.6b
 */
const { values: flags } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen3-0.6b' },
    out: { type: 'string' },
    seed: { type: 'string', default: '0' },
    dtype: { type: 'string', default: 'f32' },
  },
});
const shape = shapeFlag(flags.shape);
const config = SHAPES[shape];
const out = flags.out ?? `runs/${shape}`;
const dtype = EXPORT_DTYPES.find((name) => name === flags.dtype);
if (dtype === undefined) {
  process.stderr.write(`--dtype ${flags.dtype}: expected ${EXPORT_DTYPES.join(', ')}\n`);
  process.exit(2);
}
const files = [
  jsonFile('config.json', architectureFile(config)),
  ...safetensorsFiles(randomSource(config, Number(flags.seed)), dtype, SHARD_BYTES),
];
await writeFolder(out, files, { signal: new AbortController().signal, onBytes: () => {} });
process.stderr.write(`${out}: ${parameterLayout(config).size.toLocaleString('en-US')} random parameters\n`);

/** Fresh weights, each of its own stream: which one is asked for first does not matter. */
function randomSource(decoder: DecoderConfig, seed: number): WeightSource {
  const parameters = new Map(parameterLayout(decoder).parameters.map((parameter) => [parameter.name, parameter]));
  return {
    config: decoder,
    tensor: (name) => {
      const parameter = parameters.get(name);
      if (parameter === undefined) throw new Error(`no weight named ${name}`);
      return randomParameter(decoder, parameter, stream(seed, 'random model', name));
    },
  };
}
