/**
 * The bound on one comparison. Parsing and algebra spend from one allowance, so that no answer, however it was
 * built, costs more than a few milliseconds. The allowance is module state because a comparison is one
 * synchronous call: nothing else runs in the thread between its start and its end.
 */

const ALLOWANCE = 30_000;

let left = ALLOWANCE;

/** Thrown when an expression has no value, or none that can be found within bounds: such answers equal nothing. */
export class Undecidable extends Error {}

/** Starts a comparison: the allowance is full again. */
export function startWork(): void {
  left = ALLOWANCE;
}

/** Takes `steps` (about 100 ns each) from the allowance.
 *  @throws Undecidable when it is used up. */
export function spend(steps: number): void {
  left -= steps;
  if (left < 0) throw new Undecidable('more work than one comparison may cost');
}

/** The result of `decide`, or `otherwise` when it is undecidable; other errors pass. */
export function decideOr<T, U>(otherwise: U, decide: () => T): T | U {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Undecidable) return otherwise;
    throw error;
  }
}
