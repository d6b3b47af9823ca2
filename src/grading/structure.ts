import { Undecidable } from './allowance.js';

/** The brackets, commas and signs of an answer at its outermost level, found in one pass over the text. */

/** The parts of `text` between the separators that stand outside all brackets, and the separators in order.
 *  Any opening bracket may close any other: [0,1) is an interval. `separatorAt` gives the length of the separator at
 *  an index, or 0.
 *  @throws Undecidable when the brackets do not balance. */
export function splitOutside(
  text: string,
  separatorAt: (text: string, index: number) => number,
): { readonly parts: readonly string[]; readonly separators: readonly string[] } {
  const parts: string[] = [];
  const separators: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; ) {
    const step = bracketStep(text, i);
    depth += step;
    if (depth < 0) throw new Undecidable('a bracket too many');
    const length = depth === 0 && step === 0 ? separatorAt(text, i) : 0;
    if (length > 0) {
      parts.push(text.slice(start, i).trim());
      separators.push(text.slice(i, i + length));
      start = i + length;
      i = start;
    } else i += text[i] === '\\' ? commandLength(text, i) : 1;
  }
  if (depth !== 0) throw new Undecidable('a bracket that never closes');
  parts.push(text.slice(start).trim());
  return { parts, separators };
}

/** The brackets that enclose the whole text, and what is inside; null when the first does not close at the end. */
export function enclosed(
  text: string,
): { readonly open: string; readonly close: string; readonly inner: string } | null {
  const open = bracketAt(text, 0);
  if (open === null || bracketStep(text, 0) !== 1) return null;
  let depth = 0;
  for (let i = 0; i < text.length; i += text[i] === '\\' ? commandLength(text, i) : 1) {
    depth += bracketStep(text, i);
    if (depth > 0) continue;
    const close = bracketAt(text, i);
    if (close === null || i + close.length !== text.length) return null;
    return { open, close, inner: text.slice(open.length, i).trim() };
  }
  return null;
}

function bracketAt(text: string, index: number): string | null {
  const char = text[index] ?? '';
  if ('()[]{}'.includes(char) && char !== '') return char;
  const next = text[index + 1];
  return char === '\\' && (next === '{' || next === '}') ? text.slice(index, index + 2) : null;
}

/** +1 at an opening bracket or \begin, -1 at a closing one or \end, 0 elsewhere. */
function bracketStep(text: string, index: number): number {
  switch (text[index]) {
    case '(':
    case '[':
    case '{':
      return 1;
    case ')':
    case ']':
    case '}':
      return -1;
    case '\\':
      if (text[index + 1] === '{' || text.startsWith('begin{', index + 1)) return 1;
      return text[index + 1] === '}' || text.startsWith('end{', index + 1) ? -1 : 0;
    default:
      return 0;
  }
}

/** The length of a command, so that its letters and an escaped brace are passed together. */
function commandLength(text: string, index: number): number {
  let end = index + 1;
  while (end < text.length && /[a-zA-Z]/.test(text[end] ?? '')) end++;
  return Math.max(2, end - index);
}
