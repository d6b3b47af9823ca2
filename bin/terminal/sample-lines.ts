import { columnsOf, cutTo, fitting, padTo } from './fit.js';
import { printable } from './printable.js';

/** A question of the curriculum as the Solver voted on it. */
export interface SampleQuestion {
  readonly question: string;
  readonly pseudoLabel: string;
  /** Answers that agree with the pseudo-label, of all. */
  readonly agreeing: number;
  readonly votes: number;
  /** Why it was not kept; null for one that was. */
  readonly dropReason: string | null;
}

/** More of a text is never shown, however wide the terminal. In UTF-16 code units. */
const LONGEST = 200;
const WIDEST_LABEL = 16;
const INDENT = '  ';
const GAP = '  ';
/** Columns that a question has at least, before words about its votes are left out. */
const LEAST_QUESTION = 20;

/** A line for each: `  What is 46 minus 951?  5 of 8 say -905`, the votes of all in one column. */
export function sampleLines(samples: readonly SampleQuestion[], columns: number | null): readonly string[] {
  const room = (columns ?? LONGEST) - INDENT.length - GAP.length;
  const told = samples.map((sample) => ({
    question: printable(sample.question, LONGEST),
    votes: fitting(waysToTellVotes(sample), Math.max(1, room - LEAST_QUESTION)),
  }));
  const widest = Math.max(...told.map(({ votes }) => columnsOf(votes)));
  const questionColumns = Math.min(room - widest, Math.max(...told.map(({ question }) => columnsOf(question))));
  return told.map(
    ({ question, votes }) => `${INDENT}${padTo(cutTo(question, questionColumns), questionColumns)}${GAP}${votes}`,
  );
}

function waysToTellVotes({ pseudoLabel, agreeing, votes, dropReason }: SampleQuestion): readonly string[] {
  const label = cutTo(printable(pseudoLabel, LONGEST), WIDEST_LABEL);
  const say = `${agreeing} of ${votes} ${agreeing === 1 ? 'says' : 'say'} ${label}`;
  if (dropReason === null) return [say];
  return [`${say}, dropped: ${dropReason.replaceAll('_', ' ')}`, `${say}, dropped`, say];
}
