/** Answers that need no parser, which are most: plain numbers and fractions of plain numbers. */

/** One spelling for each plain integer or decimal (007 → 7, +.50 → 0.5, -0 → 0); null for any other text. One pass, any
 *  number of digits. */
export function plainNumber(text: string): string | null {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === 32) start++;
  while (end > start && text.charCodeAt(end - 1) === 32) end--;
  const negative = text.charCodeAt(start) === 45;
  if (negative || text.charCodeAt(start) === 43) start++;
  let point = -1;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 46 && point < 0) point = i;
    else if (code < 48 || code > 57) return null;
  }
  if (end - start < (point < 0 ? 1 : 2)) return null;
  while (start < end && text.charCodeAt(start) === 48) start++;
  if (point >= 0) {
    while (text.charCodeAt(end - 1) === 48) end--;
    if (end === point + 1) end--;
  }
  const digits = start === end ? '0' : (point === start ? '0' : '') + text.slice(start, end);
  return negative && digits !== '0' ? `-${digits}` : digits;
}

/** A fraction or decimal of at most seven digits above and below, whose cross products are exact doubles; null for any
 *  other text. `under` is positive. */
export function plainFraction(text: string): { readonly over: number; readonly under: number } | null {
  if (text.length > 32) return null;
  const found = FRACTION.exec(text);
  if (found === null) return null;
  const sign = found[1] === '-' ? -1 : 1;
  const decimals = found[7] ?? '';
  if (found[6] !== undefined) return { over: sign * Number(found[6] + decimals), under: 10 ** decimals.length };
  const under = Number(found[3] ?? found[5]);
  return under === 0 ? null : { over: sign * Number(found[2] ?? found[4]), under };
}

const FRACTION = /^(-?)(?:\\[dt]?frac\{(\d{1,7})\}\{(\d{1,7})\}|(\d{1,7})\/(\d{1,7})|(\d{1,3})(?:\.(\d{1,4}))?)$/;
