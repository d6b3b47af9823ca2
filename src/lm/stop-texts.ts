/** Texts that end a sequence wherever its tokens spell them: the same words can be cut into tokens in several ways. */
export interface StopTexts {
  readonly texts: readonly string[];
  /** Text of each token id. */
  readonly pieces: readonly string[];
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
