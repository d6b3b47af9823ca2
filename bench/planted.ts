import type { DecoderConfig } from '../src/lm/architecture.js';
import { initialWeights, type Parameter, parameterLayout } from '../src/lm/parameters.js';
import type { StreamKey } from '../src/random.js';

/**
 * Random weights that speak: a few units of the first layer's feed-forward each know one token and answer it with those that
 * may come next, so loudly that the random layers after it change nothing. Such a model of any size writes questions and
 * gives answers that differ from sample to sample, which is what a whole iteration needs; a merely random one writes none.
 */
const CHAIN: readonly (readonly [from: readonly string[], to: readonly string[]])[] = [
  [['<q>'], ['What is ']],
  [['What is '], ['2₀', '3₀', '4₀', '5₀']],
  [['2₀', '3₀', '4₀', '5₀'], [' plus ']],
  [[' plus '], ['6₀', '7₀', '8₀', '9₀']],
  [['6₀', '7₀', '8₀', '9₀'], ['?']],
  [['?'], ['<a>']],
  [['<a>'], ['\\boxed{']],
  [['\\boxed{'], ['0₀', '1₀']],
  [['0₀', '1₀'], ['}']],
  [['}'], ['<eos>']],
];
/** How strongly a unit answers to its token: its gate and its value are this times the hidden state's length. */
const SENSITIVITY = 0.3;
/** Length of what is written to the residual stream; the random layers add about one each. */
const LOUDNESS = 300;
/** Logits are this many times those of plain weights: what is planted outweighs 150,000 others. */
const SHARPNESS = 2;

/** Weights of a decoder that speaks the embedded model's language. `idOf` gives the id of a token by its text in the vocabulary. */
export function plantedWeights(config: DecoderConfig, idOf: (token: string) => number, key: StreamKey): Float32Array {
  const weights = initialWeights(config, key);
  const { hiddenSize: D, feedForwardSize: F } = config;
  const parameters = new Map(parameterLayout(config).parameters.map((parameter) => [parameter.name, parameter]));
  const view = (name: string): Float32Array => {
    const { offset, size } = parameters.get(name) as Parameter;
    return weights.subarray(offset, offset + size);
  };
  const embedding = view('model.embed_tokens.weight'); // [V, D]
  const direction = (token: string): Float32Array => {
    const row = embedding.subarray(idOf(token) * D, (idOf(token) + 1) * D);
    const length = Math.hypot(...row);
    return row.map((x) => x / length);
  };
  const [gate, up] = [view('model.layers.0.mlp.gate_proj.weight'), view('model.layers.0.mlp.up_proj.weight')]; // [D, F]
  const down = view('model.layers.0.mlp.down_proj.weight'); // [F, D]
  const response = (SENSITIVITY * Math.sqrt(D)) ** 2; // silu(g) · u of a unit that is sure
  let unit = 0;
  for (const [sources, targets] of CHAIN) {
    const sum = new Float32Array(D);
    for (const target of targets)
      direction(target).forEach((x, d) => {
        sum[d] = (sum[d] as number) + x / Math.sqrt(targets.length);
      });
    for (const source of sources) {
      direction(source).forEach((x, d) => {
        gate[d * F + unit] = SENSITIVITY * x;
        up[d * F + unit] = SENSITIVITY * x;
      });
      down.set(
        sum.map((x) => (LOUDNESS / response) * x),
        unit * D,
      );
      unit++;
    }
  }
  view('model.norm.weight').fill(SHARPNESS);
  return weights;
}
