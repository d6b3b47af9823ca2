import { parseArgs } from 'node:util';
import { saveCheckpoint } from '../src/lm/checkpoint.js';
import { initialWeights, parameterLayout } from '../src/lm/parameters.js';
import { SHAPES } from '../src/lm/shapes.js';
import { stream } from '../src/random.js';
import { shapeFlag } from './shape-flag.js';

/**
 * A checkpoint folder of random weights, to measure a model's speed and memory without having it. It has no tokenizer.
 *
 *   npm run random-model -- --shape qwen3-0.6b --out runs/qwen3-0.6b     2.4 GB, 2 minutes
 *   ./bin/rzero bench --model runs/qwen3-0.6b
 */
const { values: flags } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen3-0.6b' },
    out: { type: 'string' },
    seed: { type: 'string', default: '0' },
  },
});
const config = SHAPES[shapeFlag(flags.shape)];
const out = flags.out ?? `runs/${flags.shape}`;
const weights = initialWeights(config, stream(Number(flags.seed), 'random model'));
saveCheckpoint(out, { config, weights });
process.stderr.write(`${out}: ${parameterLayout(config).size.toLocaleString('en-US')} random parameters\n`);
