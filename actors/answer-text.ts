import type { Tokenizer } from '../src/lm/tokenizer.js';
import type { Rollout } from '../src/rl/rollout.js';

/** An answer without the token that ended it: what is graded. */
export function answerText(tokenizer: Tokenizer, { completion, finished }: Rollout): string {
  return tokenizer.decode(finished ? completion.slice(0, -1) : completion);
}
