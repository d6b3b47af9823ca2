import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import type { LoraSettings } from '../../src/lm/lora.js';
import type { GrpoLossSettings } from '../../src/lm/loss.js';
import type { ParameterLayout } from '../../src/lm/parameters.js';
import type { GrpoResult, GrpoSequence } from '../../src/workers/tasks.js';

/**
 * An independent reference, in test/lm/fixtures. The numbers were made with PyTorch 1.13, which computed in double precision,
 * from code that shares nothing with ours:
 * - the decoder after Hugging Face's `modeling_qwen3.py`, `modeling_llama.py` and `modeling_qwen2.py`: rotate-half rotary
 *   embedding, frequencies by `_compute_llama3_parameters`, repeated key-value heads;
 * - adapters after PEFT's `Linear`: x·Wᵀ + (alpha / rank) · (x·Aᵀ)·Bᵀ;
 * - gradients by autograd, updates by `torch.optim.AdamW` after `clip_grad_norm_`.
 * Weights are random: embeddings and projections normal around 0, norms around 1, biases not zero. In the files made after
 * the first they are rounded to three decimals. Shapes and names are Hugging Face's: projections [out, in].
 */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Tensors = Readonly<Record<string, FixtureTensor>>;
type Gradients = Readonly<Record<string, readonly number[]>>;

/** A decoder, its weights, and the weighted cross-entropy −Σ weight · log p(target) of some sequences. */
export interface ModelFixture {
  readonly config: DecoderConfig;
  readonly sequences: readonly (readonly number[])[];
  /** Weight of each target. */
  readonly weights: readonly (readonly number[])[];
  readonly loss: number;
  /** Log-softmax of the logits: [sequence][position][token]. */
  readonly logprobs: readonly (readonly (readonly number[])[])[];
  readonly parameters: Readonly<Record<string, FixtureTensor & { readonly gradient: readonly number[] }>>;
  /** The loss before each of ten updates: learning rate 0.02, β 0.9 and 0.99, decay 0.1, clip 1. */
  readonly trainingLosses: readonly number[];
}

/** A GRPO loss of a batch under some settings, what is reported of it, and the gradient of all that learns. */
export type GrpoCase = Readonly<Record<Exclude<keyof GrpoResult, 'gradient'>, number>> & {
  readonly settings: GrpoLossSettings;
  readonly gradients: Gradients;
};

/** GRPO over all weights of the model `qwen3`: with ρ = p / p_behaviour of each token, or its geometric mean over the
 *  completion, Σ weight · (kl · (exp Δ − Δ − 1) − min(ρ·A, clip(ρ)·A)), Δ = log p_reference − log p, over completion tokens.
 *  Some tokens, and some sequences, are clipped. */
export interface GrpoFixture {
  /** Weights of the reference policy. */
  readonly reference: Tensors;
  readonly batch: readonly GrpoSequence[];
  readonly grpo: readonly GrpoCase[];
}

/** Adapters of all seven projections over the frozen model of the same name. B is not zero. */
export interface LoraFixture {
  readonly lora: LoraSettings;
  /** By PEFT's names: A [rank, in], B [out, rank]. */
  readonly adapters: Tensors;
  /** Of the model fixture's sequences. */
  readonly supervised: { readonly loss: number; readonly gradients: Gradients };
  readonly batch: readonly GrpoSequence[];
  /** The reference policy is the model without adapters. */
  readonly grpo: readonly GrpoCase[];
}

const fixture = (name: string): unknown => JSON.parse(readFileSync(`test/lm/fixtures/${name}-torch.json`, 'utf8'));

/** Decoders that there is a fixture of: Qwen3 with tied and untied embeddings, Llama with `llama3` scaling and positions
 *  beyond its first window, Llama without grouped queries, Qwen2 with its biases. */
export const MODELS = ['qwen3', 'qwen3-untied', 'llama3', 'llama2', 'qwen2'] as const;
export type ModelName = (typeof MODELS)[number];

export const modelFixture = (name: ModelName): ModelFixture => fixture(name) as ModelFixture;
export const grpoFixture = (): GrpoFixture => fixture('qwen3-grpo') as GrpoFixture;
export const loraFixture = (name: 'qwen3' | 'llama3'): LoraFixture => fixture(`${name}-lora`) as LoraFixture;

/** A fixture's weights, or their gradient, in our flat layout. */
export function flatModel({ parameters }: ModelFixture, layout: ParameterLayout, which: 'data' | 'gradient') {
  return flatTensors(
    Object.fromEntries(
      Object.entries(parameters).map(([name, { shape, ...own }]) => [name, { shape, data: own[which] }]),
    ),
    layout,
  );
}

/** Gradients by name, in the flat layout of what they are the gradients of. */
export function flatGradients(gradients: Gradients, tensors: Tensors, layout: ParameterLayout): Float32Array {
  const shaped = Object.entries(gradients).map(([name, data]) => [name, { shape: tensors[name]?.shape ?? [], data }]);
  return flatTensors(Object.fromEntries(shaped) as Tensors, layout);
}

/** Tensors in our flat layout, in which projections are [in, out]; every parameter has one, and they have no others. */
export function flatTensors(tensors: Tensors, { parameters, size }: ParameterLayout): Float32Array {
  assert.deepEqual(new Set(Object.keys(tensors)), new Set(parameters.map(({ name }) => name)));
  const flat = new Float32Array(size);
  for (const { name, kind, shape, offset } of parameters) {
    const tensor = tensors[name] as FixtureTensor;
    const turned = kind === 'projection';
    assert.deepEqual(tensor.shape, turned ? shape.toReversed() : shape, name);
    const [columns, rows] = [
      tensor.shape.at(-1) as number,
      tensor.shape.length === 1 ? 1 : (tensor.shape[0] as number),
    ];
    tensor.data.forEach((x, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      flat[offset + (turned ? column * rows + row : i)] = x;
    });
  }
  return flat;
}

/** Holds a gradient against PyTorch's, element by element. */
export function assertGradient(
  found: Float32Array,
  expected: Float32Array,
  { parameters, size }: ParameterLayout,
): void {
  assert.equal(found.length, size);
  for (const { name, offset, size: count } of parameters) {
    for (let i = offset; i < offset + count; i++) {
      const [ours, theirs] = [found[i] as number, expected[i] as number];
      assert.ok(
        Math.abs(ours - theirs) < 2e-5 + 2e-4 * Math.abs(theirs),
        `${name}[${i - offset}]: ${ours}, PyTorch ${theirs}`,
      );
    }
  }
}

/** Holds the loss and the reports of a GRPO batch against PyTorch's. */
export function assertGrpoSums(found: GrpoResult, expected: GrpoCase): void {
  assert.equal(found.clippedSum, expected.clippedSum);
  for (const name of ['loss', 'klSum', 'entropySum', 'driftSum', 'driftMax'] as const)
    assert.ok(
      Math.abs(found[name] - expected[name]) < 1e-4 * Math.max(1, Math.abs(expected[name])),
      `${name}: ${found[name]}, PyTorch ${expected[name]}`,
    );
}
