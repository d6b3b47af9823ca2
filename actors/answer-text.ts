import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Rollout } from '../src/rl/rollout.js';

/** A completion without the token that ended it: of an answer, what is graded. */
export function answerText(tokenizer: Tokenizer, { completion, finished }: Rollout): string {
  return tokenizer.decode(finished ? completion.slice(0, -1) : completion);
}
