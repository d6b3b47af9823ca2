import type { Domain, ParsedQuestion } from '../rl/questions.js';
import { checkpointFormat } from './checkpoint-format.js';
import { embeddedFormat, hasEmbeddedTokens } from './embedded-format.js';
import type { Tokenizer } from './tokenizer.js';

/** How the roles speak with one kind of model: what they are asked, where they stop, and how they are read. */
export interface PromptFormat {
  /** The one prompt that makes the Challenger write a question. */
  readonly challengerPrompt: string;
  /** Token ids that end the Challenger's completion; the ending one is part of it. */
  readonly challengerStops: readonly number[];
  /** Token ids that end the Solver's completion; the ending one is part of it. */
  readonly solverStops: readonly number[];
  /** What an answer begins with when it shows its working: put after the prompt, it forces the working. Null where
   *  answers with and without it do not differ by a mark. */
  readonly workedPrefix: string | null;
  /** Room for an answer where nothing else is said, in tokens. */
  readonly answerTokens: number;
  /** The question in a Challenger's completion, decoded with its stop token, or why there is none. */
  parseQuestion(completion: string): ParsedQuestion;
  solverPrompt(question: string, domain: Domain): string;
  /** The same with worked examples ahead of the question: turns of the conversation, or what a text of them would be. */
  fewShotPrompt(examples: readonly WorkedExample[], question: string, domain: Domain): string;
  /** Texts that begin somebody else's turn, where a model that is not held back would go on with one: an answer ends ahead
   *  of them. None where a token ends a turn. */
  readonly turnMarks: readonly string[];
}

/** A question and its answer, worked out to the box. */
export interface WorkedExample {
  readonly question: string;
  readonly solution: string;
}

/** The prompt format of the tokenizer's model: the embedded model's where its special tokens are there, else the one for real
 *  checkpoints. @throws CheckpointError for a checkpoint that names no token that ends a text. */
export function promptFormatFor(tokenizer: Tokenizer): PromptFormat {
  return hasEmbeddedTokens(tokenizer.specials) ? embeddedFormat(tokenizer) : checkpointFormat(tokenizer);
}
