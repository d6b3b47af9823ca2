import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { DecoderConfig } from '../../src/lm/architecture.js';
import { decodeWeights } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { encodeSafetensors } from '../../src/lm/safetensors.js';
import { freshState, shareWeights } from '../../src/policies/state.js';
import { engineFor, nextTokenLogprobs } from '../support/small-models.js';

/**
 * An independent reference. The numbers were made with PyTorch 1.13, which computed in double precision, from a decoder
 * written after Hugging Face's `modeling_qwen3.py` (rotate-half rotary embedding, repeated key-value heads), with random
 * weights: log-softmax of the logits at each position, the weighted cross-entropy, its gradient by autograd, and the
 * losses of ten updates by `torch.optim.AdamW` after `clip_grad_norm_`. Shapes are PyTorch's: projections [out, in].
 */
interface Fixture {
  readonly config: DecoderConfig;
  readonly sequences: readonly (readonly number[])[];
  /** Weight of each target. */
  readonly weights: readonly (readonly number[])[];
  readonly loss: number;
  /** [sequence][position][token] */
  readonly logprobs: readonly (readonly (readonly number[])[])[];
  readonly parameters: Readonly<
    Record<
      string,
      { readonly shape: readonly number[]; readonly data: readonly number[]; readonly gradient: readonly number[] }
    >
  >;
  /** Before each of ten updates: learning rate 0.02, β 0.9 and 0.99, decay 0.1, clip 1. */
  readonly trainingLosses: readonly number[];
}

const fixture = JSON.parse(readFileSync('test/lm/fixtures/qwen3-torch.json', 'utf8')) as Fixture;
const { config } = fixture;
const engine = engineFor(config);

/** Numbers of the fixture as a flat array in our layout. */
function flat(which: 'data' | 'gradient'): Float32Array {
  const tensors = Object.entries(fixture.parameters).map(([name, parameter]) => {
    return [name, { shape: parameter.shape, data: Float32Array.from(parameter[which]) }] as const;
  });
  return decodeWeights(parameterLayout(config), encodeSafetensors(new Map(tensors)), 'fixture');
}

const batch = {
  sequences: fixture.sequences,
  weights: fixture.weights.map((row) => Float32Array.from(row)),
};

test('log-probabilities of every token at every position are those of PyTorch', async () => {
  const weights = shareWeights(flat('data'));
  for (const [s, sequence] of fixture.sequences.entries()) {
    for (let t = 1; t < sequence.length; t++) {
      const found = await nextTokenLogprobs(engine, weights, sequence.slice(0, t), config.vocabularySize);
      found.forEach((logprob, token) => {
        const expected = fixture.logprobs[s]?.[t - 1]?.[token] ?? Number.NaN;
        assert.ok(Math.abs(logprob - expected) < 1e-4, `sequence ${s}, position ${t}, token ${token}`);
      });
    }
  }
});

test('the loss and the gradient of every weight are those of PyTorch', async () => {
  const { loss, gradient } = await engine.supervised({ weights: shareWeights(flat('data')), batches: [batch] });
  assert.ok(Math.abs(loss - fixture.loss) < 1e-4, `${loss}, PyTorch ${fixture.loss}`);
  const expected = flat('gradient');
  for (const { name, offset, size } of parameterLayout(config).parameters) {
    for (let i = offset; i < offset + size; i++) {
      const [ours, theirs] = [gradient[i] as number, expected[i] as number];
      assert.ok(Math.abs(ours - theirs) < 1e-4 + 1e-3 * Math.abs(theirs), `${name}: ${ours}, PyTorch ${theirs}`);
    }
  }
});

test('ten losses in a row are those of PyTorch', async () => {
  let state = freshState(flat('data'));
  for (const [i, expected] of fixture.trainingLosses.entries()) {
    const { loss, gradient } = await engine.supervised({ weights: shareWeights(state.weights), batches: [batch] });
    assert.ok(Math.abs(loss - expected) < 1e-3, `before update ${i + 1}: ${loss}, PyTorch ${expected}`);
    const step = i + 1;
    const updated = await engine.update({
      ...state,
      gradient,
      step,
      optimizer: { optimizer: 'adamw', beta1: 0.9, beta2: 0.99 },
      learningRate: 0.02,
      muonLearningRate: 0,
      weightDecay: 0.1,
      gradientClip: 1,
    });
    state = { ...updated, step };
  }
});
