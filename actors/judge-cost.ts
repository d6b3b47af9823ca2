import type { RunConfig } from '../src/config.js';

/** The tokens that a judge took and gave. */
export interface JudgedTokens {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

export type JudgePrices = Pick<RunConfig['oracle'], 'pricePerMillionInput' | 'pricePerMillionOutput'>;

/** What the tokens cost, in the currency of the prices; null where a price is not known. */
export function judgeCost(tokens: JudgedTokens, prices: JudgePrices): number | null {
  const { pricePerMillionInput, pricePerMillionOutput } = prices;
  if (pricePerMillionInput === null || pricePerMillionOutput === null) return null;
  return (tokens.prompt_tokens * pricePerMillionInput + tokens.completion_tokens * pricePerMillionOutput) / 1e6;
}

/** `12,345 tokens in and 2,345 out, cost 0.19`; without the cost where a price is not known. */
export function describeCost(tokens: JudgedTokens, prices: JudgePrices): string {
  const [given, taken] = [tokens.prompt_tokens, tokens.completion_tokens].map((count) => count.toLocaleString('en-US'));
  const cost = judgeCost(tokens, prices);
  return `${given} tokens in and ${taken} out${cost === null ? '' : `, cost ${cost.toFixed(cost < 1 ? 4 : 2)}`}`;
}
