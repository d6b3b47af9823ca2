import type { Vote } from './vote.js';

export type DropReason = 'too_easy' | 'too_hard' | 'no_answer' | 'duplicate';

/** A question with the vote on it. */
export interface VotedQuestion {
  readonly question: string;
  readonly vote: Vote;
}

/** Whether a question is trained on, and why not. */
export type Selection = { readonly kept: true } | { readonly kept: false; readonly dropReason: DropReason };

/** A question's text without case and surplus space: two questions of one key are duplicates. */
export function questionKey(question: string): string {
  return question.trim().toLowerCase().replace(/\s+/g, ' ');
}

/**
 * Which questions the Solver trains on: those whose vote share lies in the frontier band (ends included), each once.
 * A question is a duplicate when one of the same key came before it, here or in `seen`: the keys of the iteration's
 * earlier batches. Returns one selection per question, in order.
 */
export function selectCurriculum(
  voted: readonly VotedQuestion[],
  band: readonly [low: number, high: number],
  seen: ReadonlySet<string>,
): readonly Selection[] {
  const here = new Set<string>();
  return voted.map(({ question, vote }) => {
    const key = questionKey(question);
    const duplicate = seen.has(key) || here.has(key);
    here.add(key);
    const dropReason = duplicate ? 'duplicate' : outsideBand(vote, band);
    return dropReason === null ? { kept: true } : { kept: false, dropReason };
  });
}

function outsideBand(vote: Vote, [low, high]: readonly [number, number]): DropReason | null {
  if (vote.pseudoLabel === null) return 'no_answer';
  if (vote.voteShare < low) return 'too_hard';
  return vote.voteShare > high ? 'too_easy' : null;
}
