import { equivalent } from '../src/grading/equivalence.js';
import { oracleAnswer } from '../src/grading/oracle.js';
import type { Selection } from '../src/rl/curriculum.js';
import type { Vote } from '../src/rl/vote.js';
import type { VoteRecord } from '../storage/votes.js';

/** A vote as a row, with the oracle's verdict on its label: measured here, and read by nothing that trains.
 *  `selection` is null for questions that are not for the curriculum. */
export function voteRecord(question: string, vote: Vote, selection: Selection | null): VoteRecord {
  const oracle = oracleAnswer(question);
  const labelled = oracle !== null && vote.pseudoLabel !== null;
  return {
    voteCount: vote.answerCount,
    voteShare: vote.voteShare,
    pseudoLabel: vote.pseudoLabel,
    groups: vote.groups,
    kept: selection?.kept ?? null,
    dropReason: selection === null || selection.kept ? null : selection.dropReason,
    oracleAnswer: oracle,
    labelCorrect: labelled ? equivalent(oracle, vote.pseudoLabel) : null,
  };
}
