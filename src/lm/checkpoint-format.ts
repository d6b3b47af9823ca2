import { CheckpointError } from '../errors.js';
import { parseQuestionBlock, QUESTION_CLOSES, QUESTION_OPENS } from '../rl/question-block.js';
import type { PromptFormat, WorkedExample } from './prompts.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * How real checkpoints are asked, after the reference implementation (Huang et al. 2025; its question_generate.py and
 * dataset.py): a system and a user message through the checkpoint's chat template, or, for a base model that has none, the
 * same as plain text. What differs from it: the words; a plain prompt begins as the checkpoint begins its texts and ends
 * where the answer does begin; and a question whose own answer is missing is still a question.
 */

const SOLVER_SYSTEM = 'Solve the problem step by step, and put your final answer inside \\boxed{}.';
const PLACEHOLDER = 'the whole problem, on one line or several';
const CHALLENGER_SYSTEM = `You write problems for a mathematics competition.
First think for yourself, step by step, until you have one new problem. It may come from algebra, number theory, geometry, \
combinatorics, probability, statistics, calculus or any other field. It takes several steps to solve, so that fewer than \
three in ten strong high-school students succeed, and it has exactly one answer, which can be checked. Do not repeat \
well-known problems.
Then write these two blocks, and nothing after them:

${QUESTION_OPENS}
${PLACEHOLDER}
${QUESTION_CLOSES}

\\boxed{its final answer}`;
const CHALLENGER_USER = 'Write one new and difficult problem now, in exactly that form.';

/** Longer than any competition problem; a prompt of it takes a few thousand tokens at most. */
const MAX_QUESTION_LENGTH = 4096;
/** What the reference gives an answer when it is trained. */
const ANSWER_TOKENS = 2048;

/** The format of a real checkpoint. @throws CheckpointError where nothing names a token that ends a text, and where the chat
 *  template can't be used. */
export function checkpointFormat(tokenizer: Tokenizer): PromptFormat {
  if (tokenizer.endIds.length === 0) {
    throw new CheckpointError(
      'the checkpoint names no token that ends a text; give eos_token_id in its generation_config.json, or eos_token in tokenizer_config.json',
    );
  }
  const steering = steeringTokens(tokenizer);
  const steeringIds = new Set(steering.values());
  const rules = {
    specials: [...steering.keys()],
    maxLength: MAX_QUESTION_LENGTH,
    placeholder: PLACEHOLDER,
  };
  return {
    challengerPrompt: promptText(tokenizer, CHALLENGER_SYSTEM, CHALLENGER_USER),
    challengerStops: tokenizer.endIds,
    solverStops: tokenizer.endIds,
    workedPrefix: null,
    answerTokens: ANSWER_TOKENS,
    parseQuestion: (completion) => {
      const parsed = parseQuestionBlock(completion, rules);
      const unreadable = parsed.valid && tokenizer.encode(parsed.question).some((id) => steeringIds.has(id));
      return unreadable ? { valid: false, reason: 'special token' } : parsed;
    },
    solverPrompt: (question) => promptText(tokenizer, SOLVER_SYSTEM, question),
    fewShotPrompt: (examples, question) => promptText(tokenizer, SOLVER_SYSTEM, question, examples),
    turnMarks: tokenizer.chat === null ? PLAIN_TURNS : [],
  };
}

/** Tokens that steer a prompt: the special ones, and those that look like marks though they are not called special, as
 *  `<think>`. Some vocabularies also add runs of spaces, which a question may have. */
function steeringTokens({ specials, addedTokens }: Tokenizer): ReadonlyMap<string, number> {
  return new Map([...addedTokens].filter(([name]) => specials.has(name) || /^[<[].*[>\]]$/s.test(name)));
}

const PLAIN_TURNS = ['\nuser:', '\nsystem:'] as const;

function promptText(
  { chat, decode, opening }: Tokenizer,
  system: string,
  user: string,
  examples: readonly WorkedExample[] = [],
): string {
  const messages = [
    { role: 'system', content: system },
    ...examples.flatMap(({ question, solution }) => [
      { role: 'user', content: question } as const,
      { role: 'assistant', content: solution } as const,
    ]),
    { role: 'user', content: user },
  ] as const;
  if (chat !== null) return chat.render(messages, { addGenerationPrompt: true, enableThinking: null });
  return `${decode(opening)}${messages.map(({ role, content }) => `${role}: ${content}`).join('\n')}\nassistant:`;
}
