import assert from 'node:assert/strict';
import type { TensorData } from '../../src/graph/session.js';

/** Checks that two lists of numbers are the same within a tolerance, relative to the larger of each pair and 1. */
export function assertClose(
  found: ArrayLike<number | bigint>,
  wanted: ArrayLike<number | bigint>,
  tolerance: number,
  what: string,
): void {
  assert.equal(found.length, wanted.length, `${what}: the number of elements`);
  for (let i = 0; i < wanted.length; i++) {
    const [x, y] = [Number(found[i]), Number(wanted[i])];
    const allowed = tolerance * Math.max(1, Math.abs(x), Math.abs(y));
    assert.ok(Math.abs(x - y) <= allowed, `${what}: element ${i} is ${x}, expected ${y}`);
  }
}

/** The same of all outputs of a graph. */
export function assertOutputsClose(
  found: Readonly<Record<string, TensorData>>,
  wanted: Readonly<Record<string, TensorData>>,
  tolerance: number,
  what: string,
): void {
  assert.deepEqual(Object.keys(found), Object.keys(wanted));
  for (const [name, tensor] of Object.entries(wanted)) {
    assert.deepEqual(found[name]?.dims, tensor.dims, `${what}: shape of ${name}`);
    assertClose(numbers(found[name] as TensorData), numbers(tensor), tolerance, `${what}: ${name}`);
  }
}

const numbers = ({ data }: TensorData): ArrayLike<number | bigint> => data as unknown as ArrayLike<number | bigint>;
