import { ServerError } from '../errors.js';
import type { Tokenizer } from '../lm/tokenizer.js';
import { nameOf, type ServerPlace } from './exchange.js';
import type { Choice } from './protocol.js';

/** A completion in the model's tokens. */
export interface Completion {
  readonly tokens: readonly number[];
  /** The server's natural log-probability of each token; empty where it has none that belong to these tokens. */
  readonly logprobs: readonly number[];
  /** Whether it ended with one of the stop tokens, which is the last one then. */
  readonly finished: boolean;
  /** False where the tokens, cut from the server's text, spell another text. */
  readonly faithful: boolean;
}

/** What a completion is read by. */
export interface CompletionReader {
  readonly tokenizer: Tokenizer;
  /** Of the model: ids from this on are those of another one. */
  readonly vocabularySize: number;
}

/** The completion that a server tells of, up to the first stop token and the limit, whatever the server did about them.
 *  @throws ServerError for a token that the model does not have, and for no token at all. */
export function completionOf(
  place: ServerPlace,
  { tokenizer, vocabularySize }: CompletionReader,
  choice: Choice,
  { stops, maxTokens }: { readonly stops: readonly number[]; readonly maxTokens: number },
): Completion {
  const sampled = wholeTokens(tokenizer, choice) ?? cutAgain(tokenizer, choice);
  const { tokens, logprobs, faithful } = sampled;
  const foreign = tokens.find((token) => token >= vocabularySize);
  if (foreign !== undefined)
    throw new ServerError(
      `${nameOf(place)} gave the token ${foreign}, and the model has ${vocabularySize}; it serves another model`,
    );
  const ended = tokens.findIndex((token) => stops.includes(token));
  const own = tokens.slice(0, Math.min(ended < 0 ? tokens.length : ended + 1, maxTokens));
  const finished = stops.includes(own.at(-1) as number);
  const [stop] = stops;
  // Some servers keep the stop token to themselves. One that ended with another special token has cut the completion for us.
  if (!finished && choice.stopped && stop !== undefined && own.length < maxTokens && !endsSpecially(tokenizer, own)) {
    const all = [...own, stop];
    return { tokens: all, logprobs: aligned(logprobs, all.length), finished: true, faithful };
  }
  if (own.length === 0) throw new ServerError(`${nameOf(place)} gave a completion of no token`);
  return { tokens: own, logprobs: aligned(logprobs, own.length), finished, faithful };
}

interface Sampled {
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
  readonly faithful: boolean;
}

/** The server's own tokens, where it gives all of them; else null. */
function wholeTokens(tokenizer: Tokenizer, { tokens, tokensAreWhole, text, logprobs }: Choice): Sampled | null {
  if (tokens === null) return null;
  const specials = new Set(tokenizer.specials.values());
  const spells = (): boolean => tokenizer.decode(tokens.filter((token) => !specials.has(token))) === text;
  if (!tokensAreWhole && !spells()) return null;
  return { tokens, logprobs: logprobs?.length === tokens.length ? logprobs : [], faithful: true };
}

/** The server's text, cut into tokens again. Its log-probabilities are theirs only where both cut alike. */
function cutAgain(tokenizer: Tokenizer, { text, pieces, logprobs }: Choice): Sampled {
  const tokens = tokenizer.encode(text);
  const alike = pieces !== null && tokens.every((token, i) => tokenizer.decode([token]) === pieces[i]);
  return { tokens, logprobs: alike ? (logprobs ?? []) : [], faithful: tokenizer.decode(tokens) === text };
}

/** The first `count` log-probabilities; none where there are fewer. */
const aligned = (logprobs: readonly number[], count: number): readonly number[] =>
  logprobs.length >= count ? logprobs.slice(0, count) : [];

const endsSpecially = (tokenizer: Tokenizer, tokens: readonly number[]): boolean =>
  tokens.length > 0 && new Set(tokenizer.specials.values()).has(tokens.at(-1) as number);
