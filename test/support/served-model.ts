import type { Tokenizer } from '../../src/lm/tokenizer.js';

/** A tokenizer of numbered tokens, for models without a language: `[3][1]` is the tokens 3 and 1. */
export const numberedTokenizer = (vocabularySize: number): Tokenizer => ({
  encode: (text) => [...text.matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id)),
  decode: (ids) => ids.map((id) => `[${id}]`).join(''),
  bytes: (id) => new TextEncoder().encode(`[${id}]`),
  specials: new Map(),
  addedTokens: new Map(),
  vocabularySize,
  opening: [],
  endIds: [],
  chat: null,
});
