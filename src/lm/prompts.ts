import { CheckpointError } from '../errors.js';
import { type Domain, type ParsedQuestion, parseQuestion, type QuestionRules } from '../rl/questions.js';
import { specialId, type Tokenizer } from './tokenizer.js';

/** How the roles speak with one kind of model: what they are asked, where they stop, and how they are read. */
export interface PromptFormat {
  /** The one prompt that makes the Challenger write a question. */
  readonly challengerPrompt: string;
  /** Token ids that end the Challenger's completion; the ending one is part of it. */
  readonly challengerStops: readonly number[];
  /** Token ids that end the Solver's completion; the ending one is part of it. */
  readonly solverStops: readonly number[];
  /** What an answer begins with when it shows its working: put after the prompt, it forces the working. */
  readonly workedPrefix: string;
  /** The question in a Challenger's completion, decoded with its stop token, or why there is none. */
  parseQuestion(completion: string): ParsedQuestion;
  solverPrompt(question: string, domain: Domain): string;
}

const END = '<eos>';
const HEADINGS = { math: '<q>', general: '<g>' } as const satisfies Record<Domain, string>;
const REQUIRED = ['<q>', '<g>', '<a>', '<w>', END] as const;
/** Two five-digit numbers and their operator take 23 characters; a Challenger's token limit cuts long before. */
const MAX_QUESTION_LENGTH = 96;

/** The prompt format that the tokenizer's special tokens stand for.
 *  @throws CheckpointError for a tokenizer without the embedded model's special tokens. */
export function promptFormatFor(tokenizer: Tokenizer): PromptFormat {
  const missing = REQUIRED.filter((name) => !tokenizer.specials.has(name));
  if (missing.length > 0) {
    throw new CheckpointError(
      `no prompt format for this model: its tokenizer has no ${missing.join(', ')}; use "tiny" or a checkpoint made by "rzero pretrain"`,
    );
  }
  return embeddedFormat(tokenizer);
}

/** `<q>QUESTION<a>` asks for an answer, and `<q>` alone for a question: the corpus has both in each document. */
function embeddedFormat(tokenizer: Tokenizer): PromptFormat {
  const eos = specialId(tokenizer, END);
  const specialIds = new Set(tokenizer.specials.values());
  const rules: QuestionRules = {
    terminator: '<a>',
    begins: 'What is ',
    ends: '?',
    specials: [...tokenizer.specials.keys()],
    maxLength: MAX_QUESTION_LENGTH,
  };
  return {
    challengerPrompt: HEADINGS.math,
    challengerStops: [specialId(tokenizer, '<a>'), eos],
    solverStops: [eos],
    workedPrefix: '<w>',
    parseQuestion: (completion) => {
      const parsed = parseQuestion(completion, rules);
      // Text that the tokenizer can't cut into its tokens again would come to the Solver with a special one for unknown.
      const unreadable = parsed.valid && tokenizer.encode(parsed.question).some((id) => specialIds.has(id));
      return unreadable ? { valid: false, reason: 'special token' } : parsed;
    },
    solverPrompt: (question, domain) => `${HEADINGS[domain]}${question}<a>`,
  };
}
