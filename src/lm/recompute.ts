import { pullback } from '../graph/autodiff.js';
import { add, constant, customGradient, mul, slice, stopGradient } from '../graph/ops.js';
import { type Layer, layerPrefix } from './decoder.js';
import { isStored, type Weights } from './weights.js';

/**
 * Gradient checkpointing (Chen et al. 2016): a layer's activations are forgotten after its forward pass and computed again
 * when its gradient is wanted, a third more work for the memory of one layer in place of all.
 */
export function recomputed(weights: Weights): (layer: Layer) => Layer {
  return (layer) => (index, x) => {
    const own = [...weights.values].flatMap(([name, weight]) =>
      name.includes(layerPrefix(index)) && !isStored(weight) ? [weight] : [],
    );
    return customGradient(layer(index, x), [x, ...own], (gradient) => {
      // The same values by another way: without it ONNX Runtime would find the two computations to be one, and keep the
      // activations. It also puts the second computation after the gradient that it waits for.
      const nothing = mul(slice(slice(gradient, 0, 0, 1), 1, 0, 1), constant(0)); // [1, 1, D]
      const again = stopGradient(add(x, nothing));
      return pullback(layer(index, again), gradient, [again, ...own]);
    });
  };
}
