import type { Selection } from '../src/rl/curriculum.js';
import type { Vote } from '../src/rl/vote.js';
import type { VoteRecord } from '../storage/votes.js';

/** A vote as a row. `selection` is null for questions that are not for the curriculum. */
export function voteRecord(vote: Vote, selection: Selection | null): VoteRecord {
  return {
    voteCount: vote.answerCount,
    voteShare: vote.voteShare,
    pseudoLabel: vote.pseudoLabel,
    groups: vote.groups,
    kept: selection?.kept ?? null,
    dropReason: selection === null || selection.kept ? null : selection.dropReason,
  };
}
