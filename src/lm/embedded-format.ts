import { type Domain, parseQuestion, type QuestionRules } from '../rl/questions.js';
import type { PromptFormat } from './prompts.js';
import { specialId, type Tokenizer } from './tokenizer.js';

/** The embedded model's own language: `<q>QUESTION<a>` asks for an answer, and `<q>` alone for a question; the corpus has
 *  both in each document. */

const END = '<eos>';
const HEADINGS = { math: '<q>', general: '<g>' } as const satisfies Record<Domain, string>;
const REQUIRED = ['<q>', '<g>', '<a>', '<w>', END] as const;
/** Two five-digit numbers and their operator take 23 characters; a Challenger's token limit cuts long before. */
const MAX_QUESTION_LENGTH = 96;
/** Two five-digit numbers worked out take 50. */
const ANSWER_TOKENS = 72;

/** Whether the names of a tokenizer's special tokens are those that the format is made of. */
export const hasEmbeddedTokens = (specials: { has(name: string): boolean }): boolean =>
  REQUIRED.every((name) => specials.has(name));

/** The format of a tokenizer with these tokens. */
export function embeddedFormat(tokenizer: Tokenizer): PromptFormat {
  const eos = specialId(tokenizer, END);
  const specialIds = new Set(tokenizer.specials.values());
  const rules: QuestionRules = {
    terminator: '<a>',
    begins: 'What is ',
    ends: '?',
    specials: [...tokenizer.specials.keys()],
    maxLength: MAX_QUESTION_LENGTH,
  };
  const solverPrompt = (question: string, domain: Domain): string => `${HEADINGS[domain]}${question}<a>`;
  return {
    challengerPrompt: HEADINGS.math,
    challengerStops: [specialId(tokenizer, '<a>'), eos],
    solverStops: [eos],
    workedPrefix: '<w>',
    answerTokens: ANSWER_TOKENS,
    parseQuestion: (completion) => {
      const parsed = parseQuestion(completion, rules);
      // Text that the tokenizer can't cut into its tokens again would come to the Solver with a special one for unknown.
      const unreadable = parsed.valid && tokenizer.encode(parsed.question).some((id) => specialIds.has(id));
      return unreadable ? { valid: false, reason: 'special token' } : parsed;
    },
    solverPrompt,
    fewShotPrompt: (examples, question, domain) =>
      examples.map((example) => `${solverPrompt(example.question, domain)}${example.solution}${END}`).join('') +
      solverPrompt(question, domain),
    turnMarks: [],
  };
}
