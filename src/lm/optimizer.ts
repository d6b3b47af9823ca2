import type { Value } from '../graph/node.js';
import {
  add,
  concat,
  constant,
  div,
  input,
  matmul,
  min,
  mul,
  reshape,
  slice,
  sqrt,
  sub,
  sumAll,
  transposed,
} from '../graph/ops.js';
import type { Parameter, ParameterLayout } from './parameters.js';

export type OptimizerName = 'adamw' | 'muon';

/** β of AdamW's moments, as the recipe's experiments used them. */
export interface OptimizerSettings {
  readonly optimizer: OptimizerName;
  readonly beta1: number;
  readonly beta2: number;
}
const EPSILON = 1e-8;
const MUON_MOMENTUM = 0.95;

/**
 * One update of all weights, as a graph over flat arrays [N]: clip the gradient by its global norm, then AdamW
 * (Loshchilov and Hutter 2019), or Muon (Jordan et al. 2024) for the projections and AdamW for the rest.
 * Inputs: weights, gradient, first, second [N]; scalars learningRate, muonLearningRate, weightDecay, gradientClip and
 * the bias corrections correction1 = 1/(1 − β1^t), correction2. Outputs: the new weights and moments, and the norm.
 */
export function updateGraph(layout: ParameterLayout, settings: OptimizerSettings): Record<string, Value> {
  const scalar = (name: string): Value => input(name, []);
  const flat = (name: string): Value => input(name, [layout.size]);
  const [weights, raw, first, second] = [flat('weights'), flat('gradient'), flat('first'), flat('second')];
  const gradNorm = sqrt(sumAll(mul(raw, raw)));
  const gradient = mul(raw, min(constant(1), div(scalar('gradientClip'), add(gradNorm, constant(1e-6)))));
  const state = { weights, gradient, first, second };
  const scalars: Scalars = {
    learningRate: scalar('learningRate'),
    muonLearningRate: scalar('muonLearningRate'),
    weightDecay: scalar('weightDecay'),
    correction1: scalar('correction1'),
    correction2: scalar('correction2'),
  };
  if (settings.optimizer === 'adamw') return { ...adamw(state, scalars, settings), gradNorm };

  const pieces = layout.parameters.map((parameter) => {
    const part = (whole: Value): Value => slice(whole, 0, parameter.offset, parameter.offset + parameter.size);
    const own = { weights: part(weights), gradient: part(gradient), first: part(first), second: part(second) };
    return parameter.kind === 'projection' ? muon(own, parameter, scalars) : adamw(own, scalars, settings);
  });
  const joined = (name: keyof Updated): Value =>
    concat(
      pieces.map((piece) => piece[name]),
      0,
    );
  return { newWeights: joined('newWeights'), newFirst: joined('newFirst'), newSecond: joined('newSecond'), gradNorm };
}

interface State {
  readonly weights: Value;
  readonly gradient: Value;
  readonly first: Value;
  readonly second: Value;
}
type Scalars = Readonly<
  Record<'learningRate' | 'muonLearningRate' | 'weightDecay' | 'correction1' | 'correction2', Value>
>;
type Updated = Record<'newWeights' | 'newFirst' | 'newSecond', Value>;

function adamw(
  { weights, gradient, first, second }: State,
  scalars: Scalars,
  { beta1, beta2 }: OptimizerSettings,
): Updated {
  const newFirst = add(mul(first, constant(beta1)), mul(gradient, constant(1 - beta1)));
  const newSecond = add(mul(second, constant(beta2)), mul(mul(gradient, gradient), constant(1 - beta2)));
  const step = div(
    mul(newFirst, scalars.correction1),
    add(sqrt(mul(newSecond, scalars.correction2)), constant(EPSILON)),
  );
  const direction = add(step, mul(weights, scalars.weightDecay));
  return { newWeights: sub(weights, mul(direction, scalars.learningRate)), newFirst, newSecond };
}

/** The momentum's matrix with its singular values pushed towards 1 by five Newton–Schulz turns. */
function muon({ weights, gradient, first, second }: State, parameter: Parameter, scalars: Scalars): Updated {
  const [rows, columns] = parameter.shape as readonly [number, number];
  const newFirst = add(mul(first, constant(MUON_MOMENTUM)), gradient);
  const nesterov = reshape(add(gradient, mul(newFirst, constant(MUON_MOMENTUM))), [rows, columns]);
  const wide = rows > columns ? transposed(nesterov) : nesterov; // the smaller side squared is cheaper
  let x = div(wide, add(sqrt(sumAll(mul(wide, wide))), constant(1e-7)));
  for (let turn = 0; turn < 5; turn++) {
    const a = matmul(x, transposed(x));
    const polynomial = add(mul(a, constant(-4.775)), mul(matmul(a, a), constant(2.0315)));
    x = add(mul(x, constant(3.4445)), matmul(polynomial, x));
  }
  const direction = reshape(rows > columns ? transposed(x) : x, [parameter.size]);
  const scale = Math.sqrt(Math.max(1, columns / rows)); // ours is [in, out], so out / in
  const decayed = mul(weights, sub(constant(1), mul(scalars.muonLearningRate, scalars.weightDecay)));
  return {
    newWeights: sub(decayed, mul(direction, mul(scalars.muonLearningRate, constant(scale)))),
    newFirst,
    newSecond: second,
  };
}
