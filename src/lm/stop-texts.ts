import type { Tokenizer } from './tokenizer.js';

/** Texts that end a sequence wherever its tokens spell them: the same words can be cut into tokens in several ways, and a
 *  character into several tokens. So both are bytes of UTF-8, each byte a character of Latin-1. */
export interface StopTexts {
  readonly texts: readonly string[];
  /** Bytes of each token id. */
  readonly pieces: readonly string[];
}

/** Stop texts for a tokenizer's tokens. */
export function stopTexts(tokenizer: Tokenizer, texts: readonly string[]): StopTexts {
  return {
    texts: texts.map((text) => Buffer.from(text, 'utf8').toString('latin1')),
    pieces: Array.from({ length: tokenizer.vocabularySize }, (_, id) =>
      Buffer.from(tokenizer.bytes(id)).toString('latin1'),
    ),
  };
}

/** Says whether the newest of `tokens` completes one of the texts. */
export function stopTextReached(stops: StopTexts, tokens: readonly number[]): boolean {
  const longest = Math.max(...stops.texts.map((text) => text.length));
  const newest = stops.pieces[tokens.at(-1) as number] ?? '';
  let tail = newest;
  for (let i = tokens.length - 2; i >= 0 && tail.length < longest - 1 + newest.length; i--)
    tail = (stops.pieces[tokens[i] as number] ?? '') + tail;
  return stops.texts.some((text) => tail.includes(text));
}
