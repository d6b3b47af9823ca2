import { InternalError } from '../errors.js';
import { gradientRule } from './gradients.js';
import { type Node, type Shape, topologicalOrder, type Value } from './node.js';
import { add, constant, reduceSum, reshape, reshapeLike } from './ops.js';

/** An operator on the way from the loss to a weight has no gradient rule. */
export class MissingGradientError extends InternalError {}

/**
 * The gradient of a scalar with respect to each of `targets`, as more graph; in the order of `targets`, each of its
 * target's shape.
 * @throws MissingGradientError where the way leads through an operator without a rule.
 */
export function gradients(loss: Value, targets: readonly Value[]): Value[] {
  return pullback(loss, constant(1), targets);
}

/**
 * What a gradient of `output` becomes at each of `targets`. Reverse mode: one walk from the output down, gradients of a
 * value that is used twice added up. A target that the output does not depend on is an error: a weight that never learns
 * is a bug.
 * @throws MissingGradientError where the way leads through an operator without a rule.
 */
export function pullback(output: Value, outputGradient: Value, targets: readonly Value[]): Value[] {
  const order = topologicalOrder([output]);
  const onTheWay = new Set<Node>(targets.map((target) => target.node));
  for (const node of order) {
    if (node.op !== 'StopGradient' && node.inputs.some((input) => onTheWay.has(input.node))) onTheWay.add(node);
  }

  const outputOf = new Map<Node, Value>([[output.node, output]]);
  for (const node of order) for (const input of node.inputs) if (input.output === 0) outputOf.set(input.node, input);

  const gradientOf = new Map<Node, Value>([[output.node, outputGradient]]);
  for (const node of order.toReversed()) {
    const gradient = gradientOf.get(node);
    const result = outputOf.get(node);
    if (gradient === undefined || result === undefined || !onTheWay.has(node) || node.inputs.length === 0) continue;
    const rule = gradientRule(node.op);
    if (rule === undefined)
      throw new MissingGradientError(`no gradient rule for ${node.op}, which the loss depends on`);
    const flowing = rule(gradient, node, result);
    node.inputs.forEach((input, index) => {
      const part = flowing[index];
      if (part === null || part === undefined || !onTheWay.has(input.node)) return;
      const whole = sumToShape(part, input);
      const before = gradientOf.get(input.node);
      gradientOf.set(input.node, before === undefined ? whole : add(before, whole));
    });
  }

  return targets.map((target) => {
    const gradient = gradientOf.get(target.node);
    if (gradient === undefined)
      throw new InternalError(`the loss does not depend on ${target.node.attributes.input?.name ?? target.node.op}`);
    return gradient;
  });
}

/** Undoes a broadcast: sums the axes along which `like` was spread. */
function sumToShape(gradient: Value, like: Value): Value {
  const extra = gradient.shape.length - like.shape.length;
  const spread = like.shape.flatMap((dim, axis) =>
    dim === 1 && gradient.shape[axis + extra] !== 1 ? [axis + extra] : [],
  );
  const axes = [...Array(extra).keys(), ...spread];
  if (axes.length === 0) return gradient;
  const summed = reduceSum(gradient, axes);
  if (extra === 0) return summed;
  return canName(summed.shape, like.shape) ? reshape(summed, like.shape) : reshapeLike(summed, like);
}

const canName = (from: Shape, to: Shape): boolean =>
  to.filter((dim, axis) => typeof dim === 'string' && from[axis] !== dim).length <= 1;
