/** Adds `part` to the elements of `sum` from `at` on, in place: gradients are too large to be made anew for each sum. */
export function addTo(sum: Float32Array, part: Float32Array, at = 0): void {
  for (let i = 0; i < part.length; i++) sum[at + i] = (sum[at + i] as number) + (part[i] as number);
}
