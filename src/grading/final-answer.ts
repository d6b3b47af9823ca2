/** What calls an answer by its name: `The answer is 42.`, `Final Answer: B`, and GSM8K's `#### 42`. */
const MARKS = /####|\banswer(?:\s+is\b:?|\s*:)/gi;

/** What stands behind the last mark of an answer, to the end of its line; null where a text has no such mark.
 *  Linear in the length of the text. */
export function finalAnswer(text: string): string | null {
  let begin = -1;
  for (const found of text.matchAll(MARKS)) begin = found.index + found[0].length;
  if (begin < 0) return null;
  const rest = text.slice(begin).trimStart();
  const end = rest.indexOf('\n');
  const line = (end < 0 ? rest : rest.slice(0, end))
    .replaceAll('**', '')
    .trim()
    .replace(/[.。]$/, '')
    .replace(/^\$([^$]*)\$$/, '$1')
    .trim();
  return line === '' ? null : line;
}
