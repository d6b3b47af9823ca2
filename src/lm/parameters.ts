import { floats, type TensorData } from '../graph/session.js';
import { Random, type StreamKey } from '../random.js';
import type { DecoderConfig } from './architecture.js';

/**
 * All weights of a policy lie in one flat array, so that gradients add, optimisers step and workers copy in one go.
 * A graph sees each parameter as a view into it, as an input that is read in place.
 */
export interface Parameter {
  /** Hugging Face's name. */
  readonly name: string;
  /** Ours: projections are [in, out], the other way round than in the file. */
  readonly shape: readonly number[];
  readonly kind: 'embedding' | 'projection' | 'norm' | 'bias';
  /** Index of the first element in the flat array. */
  readonly offset: number;
  readonly size: number;
}

export interface ParameterLayout {
  readonly parameters: readonly Parameter[];
  /** Elements of the flat array. */
  readonly size: number;
}

/** The parameters of a decoder, in the order of the flat array. */
export function parameterLayout(config: DecoderConfig): ParameterLayout {
  const { hiddenSize: d, feedForwardSize: f, headSize } = config;
  const [queries, keys] = [config.headCount * headSize, config.keyValueHeadCount * headSize];
  const specs: ParameterSpec[] = [];
  const push = (name: string, kind: Parameter['kind'], ...shape: number[]): void => {
    specs.push({ name, kind, shape });
  };
  push('model.embed_tokens.weight', 'embedding', config.vocabularySize, d);
  for (let layer = 0; layer < config.layerCount; layer++) {
    const at = `model.layers.${layer}`;
    push(`${at}.input_layernorm.weight`, 'norm', d);
    for (const [name, size] of [
      ['q', queries],
      ['k', keys],
      ['v', keys],
    ] as const) {
      push(`${at}.self_attn.${name}_proj.weight`, 'projection', d, size);
      if (config.attentionBias) push(`${at}.self_attn.${name}_proj.bias`, 'bias', size);
    }
    push(`${at}.self_attn.o_proj.weight`, 'projection', queries, d);
    if (config.qkNorm) {
      push(`${at}.self_attn.q_norm.weight`, 'norm', headSize);
      push(`${at}.self_attn.k_norm.weight`, 'norm', headSize);
    }
    push(`${at}.post_attention_layernorm.weight`, 'norm', d);
    push(`${at}.mlp.gate_proj.weight`, 'projection', d, f);
    push(`${at}.mlp.up_proj.weight`, 'projection', d, f);
    push(`${at}.mlp.down_proj.weight`, 'projection', f, d);
  }
  push('model.norm.weight', 'norm', d);
  if (!config.tiedEmbeddings) push('lm_head.weight', 'embedding', config.vocabularySize, d);
  return layoutOf(specs);
}

type ParameterSpec = Pick<Parameter, 'name' | 'kind' | 'shape'>;

/** Parameters one after the other in a flat array. */
export function layoutOf(specs: readonly ParameterSpec[]): ParameterLayout {
  let offset = 0;
  const parameters = specs.map((spec): Parameter => {
    const size = spec.shape.reduce((product, dim) => product * dim, 1);
    offset += size;
    return { ...spec, offset: offset - size, size };
  });
  return { parameters, size: offset };
}

/** The views of a flat array that feed a graph's inputs of their names. */
export function parameterFeeds(layout: ParameterLayout, flat: Float32Array): Record<string, TensorData> {
  return Object.fromEntries(
    layout.parameters.map(({ name, shape, offset, size }) => [
      name,
      floats(flat.subarray(offset, offset + size), ...shape),
    ]),
  );
}

/** Fresh weights: normal with deviation 0.02, divided by √(2·layers) where a projection writes to the residual
 *  stream (Radford et al. 2019); norms are ones, biases zeros. */
export function initialWeights(config: DecoderConfig, key: StreamKey): Float32Array {
  const random = new Random(key);
  const layout = parameterLayout(config);
  const flat = new Float32Array(layout.size);
  for (const parameter of layout.parameters)
    fill(flat.subarray(parameter.offset, parameter.offset + parameter.size), config, parameter, random);
  return flat;
}

/** Fresh values of one parameter, in whichever layout: they are all alike. */
export function randomParameter(config: DecoderConfig, parameter: Parameter, key: StreamKey): Float32Array {
  const values = new Float32Array(parameter.size);
  fill(values, config, parameter, new Random(key));
  return values;
}

function fill(values: Float32Array, config: DecoderConfig, { name, kind }: Parameter, random: Random): void {
  const residual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  const deviation = residual ? 0.02 / Math.sqrt(2 * config.layerCount) : 0.02;
  for (let i = 0; i < values.length; i++)
    values[i] = kind === 'norm' ? 1 : kind === 'bias' ? 0 : deviation * random.normal();
}
