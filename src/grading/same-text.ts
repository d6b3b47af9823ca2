/** Whether two answers are the same words by the conventions of BIG-Bench Extra Hard's own evaluation (Kazemi et al. 2025):
 *  capitals, spaces around commas, quotation marks, an outer pair of brackets and a last full stop do not count, numbers are
 *  equal by value. */
export function sameText(gold: string, answer: string): boolean {
  const [expected, found] = [words(gold), words(answer)];
  if (expected === '' || found === '') return false;
  return expected === found || (isNumber(expected) && isNumber(found) && Number(expected) === Number(found));
}

function words(text: string): string {
  const bare = text
    .normalize('NFC')
    .trim()
    .replace(/^\$(.*)\$$/s, '$1')
    .replace(/\\(?:text|texttt|textbf|mathrm)\{([^{}]*)\}/g, '$1')
    .replace(/\*\*/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?, ?/g, ',')
    .replace(/['"‘’“”]/g, '')
    .replace(/[.?]$/, '')
    .trim()
    .toLowerCase();
  const outer = /^(?:\[(.*)\]|\((.*)\))$/s.exec(bare);
  return (outer?.[1] ?? outer?.[2] ?? '').trim() || bare; // [] is an answer, too
}

const isNumber = (text: string): boolean => /^-?\d{1,300}(?:\.\d{1,300})?$/.test(text);
