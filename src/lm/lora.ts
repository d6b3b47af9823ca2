import type { LoraTarget } from '../lora-targets.js';
import { Random, type StreamKey } from '../random.js';
import type { DecoderConfig } from './architecture.js';
import { layoutOf, type Parameter, type ParameterLayout, parameterLayout } from './parameters.js';

/**
 * Low-rank adapters (LoRA, Hu et al. 2021): a frozen projection W gives x·W + (alpha / rank)·(x·A)·B, and only A and B
 * learn. Adapters lie in one flat array as weights do, under the names that PEFT gives them in its files.
 */
export interface LoraSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** Name of a projection's adapter matrix: `A` [in, rank] or `B` [rank, out] here, [rank, in] and [out, rank] in a file. */
export const loraName = (projection: string, part: 'A' | 'B'): string =>
  `base_model.model.${projection.replace(/\.weight$/, '')}.lora_${part}.weight`;

/** What the adapters add is multiplied by this. */
export const loraScale = ({ alpha, rank }: LoraSettings): number => alpha / rank;

/** The adapters of a decoder, in the order of the flat array. */
export function loraLayout(config: DecoderConfig, lora: LoraSettings): ParameterLayout {
  return layoutOf(
    adaptedProjections(config, lora).flatMap(({ name, shape }) => [
      { name: loraName(name, 'A'), kind: 'projection', shape: [shape[0] as number, lora.rank] },
      { name: loraName(name, 'B'), kind: 'projection', shape: [lora.rank, shape[1] as number] },
    ]),
  );
}

/** The projections that have an adapter. */
export function adaptedProjections(config: DecoderConfig, { targets }: LoraSettings): Parameter[] {
  return parameterLayout(config).parameters.filter(({ name, kind }) => {
    const module = /\.(\w+)\.weight$/.exec(name)?.[1];
    return kind === 'projection' && (targets as readonly (string | undefined)[]).includes(module);
  });
}

/** Fresh adapters, which change nothing: A uniform within ±1/√in as PEFT begins, B zero. */
export function initialAdapters(config: DecoderConfig, lora: LoraSettings, key: StreamKey): Float32Array {
  const random = new Random(key);
  const layout = loraLayout(config, lora);
  const flat = new Float32Array(layout.size);
  for (const { name, shape, offset, size } of layout.parameters) {
    if (!name.endsWith('lora_A.weight')) continue;
    const bound = 1 / Math.sqrt(shape[0] as number);
    for (let i = offset; i < offset + size; i++) flat[i] = bound * (2 * random.next() - 1);
  }
  return flat;
}

/** Adapters by the name of the projection that they belong to. */
export function adaptersOf(
  config: DecoderConfig,
  lora: LoraSettings,
  adapters: Float32Array,
): Map<string, { readonly a: Float32Array; readonly b: Float32Array }> {
  const parameters = new Map(loraLayout(config, lora).parameters.map((parameter) => [parameter.name, parameter]));
  const view = (name: string): Float32Array => {
    const { offset, size } = parameters.get(name) as Parameter;
    return adapters.subarray(offset, offset + size);
  };
  return new Map(
    adaptedProjections(config, lora).map(({ name }) => [
      name,
      { a: view(loraName(name, 'A')), b: view(loraName(name, 'B')) },
    ]),
  );
}
