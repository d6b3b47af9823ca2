import { stream } from '../random.js';

/** One question in this many is never trained on. Even two-digit products then leave some 1,250 to evaluate with. */
export const HELD_OUT_ONE_IN = 8;
/** Names the slice. Another number is another slice: it would put evaluated questions into the corpus. */
const SLICE_SEED = 20_260_101;

/**
 * Whether the question belongs to the slice that the corpus never has, decided by a hash of its text alone.
 * The corpus rejects every question in the slice and the generated benchmarks draw from it only, so the two are
 * disjoint at any size and seed, one-digit questions included.
 *
 * Public benchmark files know nothing of the slice. About 7 of 8 of their items fall outside of it and may by chance
 * occur in the corpus: likely for items of one and two digits, of three operands and for short boolean expressions
 * (the corpus goes through most of the 10,000 two-digit sums), unlikely from four digits on. On such a file, this
 * function tells which items were certainly never seen. It is about texts: "98 plus 45" may be held out while
 * "45 plus 98" is not.
 */
export function heldOut(question: string): boolean {
  return stream(SLICE_SEED, 'held-out', question) % HELD_OUT_ONE_IN === 0;
}
