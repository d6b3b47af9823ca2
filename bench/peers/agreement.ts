import type { Agreed } from './job.js';

/** How near a peer's numbers are to rzero's, on the same continuations. */
export interface Agreement {
  /** Sequences whose greedy continuation is rzero's, of how many. */
  readonly sameGreedy: number;
  readonly sequences: number;
  /** The largest difference of a token's log-probability. */
  readonly largestDifference: number;
}

/** A peer whose log-probabilities differ by more computes something else. */
export const TOLERANCE = 1e-3;

export function agreement(ours: Agreed, theirs: Agreed): Agreement {
  const differences = ours.logprobs.flatMap((row, i) =>
    row.map((logprob, t) => Math.abs(logprob - (theirs.logprobs[i]?.[t] ?? Number.NaN))),
  );
  return {
    sameGreedy: ours.greedy.filter((tokens, i) => tokens.join() === theirs.greedy[i]?.join()).length,
    sequences: ours.greedy.length,
    largestDifference: Math.max(0, ...differences), // NaN stays
  };
}

/** Whether both compute the same: greedy choices may differ where two tokens are nearly as likely. */
export const agrees = ({ largestDifference }: Agreement): boolean => largestDifference < TOLERANCE;
