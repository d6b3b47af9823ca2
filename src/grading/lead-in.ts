/** What models write around an answer, though it is no part of it: markdown, quotes, "The answer is", "approximately". */

/** The answer without one layer of it; the same text where there is none. */
export function withoutLeadIn(text: string): string {
  const said = SAID.exec(text);
  if (said !== null) return said[1] ?? said[2] ?? said[3] ?? text;
  const found = LEAD_IN.exec(text) ?? ABOUT.exec(text);
  if (found !== null && found[0].length < text.length) return text.slice(found[0].length);
  for (const mark of ['**', '__', '`', '*', '"', "'"]) {
    const inner = text.slice(mark.length, -mark.length);
    if (inner !== '' && text.startsWith(mark) && text.endsWith(mark) && !inner.includes(mark)) return inner;
  }
  return text;
}

const LEAD_IN =
  /^(?:(?:so|thus|hence|therefore|then),? )?(?:\**(?:the )?(?:final |correct |best )?(?:answer|result|solution)\**(?: is| =|:)+\**|=|:) ?/i;
const ABOUT = /^(?:\\approx|approximately|approx\.?|about|roughly) ?(?=[\d.$\\-])/i;
/** Words, then one formula, then nothing: "We find that $x \\neq 3$." */
const SAID =
  /^(?!.*\b(?:not|or|and)\b)[A-Za-z][A-Za-z',: ]*(?:(\$\$?[^$]+\$\$?)|\\\((.+)\\\)|\\\[(.+)\\\])(?: is (?:our|the) (?:final )?(?:answer|solution))?\.?$/;
