/**
 * The content of the last `\boxed{…}` or `\fbox{…}` of a text, trimmed, or null when there is none.
 * Where the last box never closes there is no answer, not the one before: a text that was cut has not answered.
 * `\boxed 7` without braces counts, up to the next space or dollar sign. Linear in the length of the text.
 */
export function lastBoxed(text: string): string | null {
  let end = text.length;
  while (end > 0) {
    const start = Math.max(text.lastIndexOf('\\boxed', end - 1), text.lastIndexOf('\\fbox', end - 1));
    if (start < 0) return null;
    const afterCommand = start + (text.startsWith('\\boxed', start) ? 6 : 5);
    if (!isLetter(text.charCodeAt(afterCommand))) return boxContent(text, afterCommand);
    end = start; // \boxedx is another command
  }
  return null;
}

/** The contents of a text's last boxes as a list: of the last one, and of those before it where only commas, "and" or
 *  "or" stand between them. Null when there is no box, or the last one never closes. For texts of bounded length. */
export function joinedBoxes(text: string): string | null {
  const last = lastBoxed(text);
  if (last === null) return null;
  let contents: string[] = [];
  let end = 0;
  for (const found of text.matchAll(/\\(?:boxed|fbox) ?(?=\{)/g)) {
    if (found.index < end) return last; // a box in a box
    const open = found.index + found[0].length;
    const close = closingBrace(text, open);
    if (close < 0) return last;
    if (!joins(text.slice(end, found.index))) contents = [];
    contents.push(text.slice(open + 1, close).trim());
    end = close + 1;
  }
  return contents.at(-1) === last ? contents.join(', ') : last;
}

function joins(between: string): boolean {
  return between.length <= 40 && /^(?:and|or|text|quad|qquad|)$/.test(between.replace(/\\(?:text|q?quad)|[^a-z]/g, ''));
}

/** How many boxes a text opens: one is the form that the Solver is rewarded for. */
export function boxCount(text: string): number {
  let count = 0;
  for (const command of ['\\boxed', '\\fbox']) {
    for (let at = text.indexOf(command); at >= 0; at = text.indexOf(command, at + command.length)) {
      if (!isLetter(text.charCodeAt(at + command.length))) count++;
    }
  }
  return count;
}

/** The index of the brace that closes the one at `open`, or -1. Escaped braces do not count. */
export function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return i;
  }
  return -1;
}

function boxContent(text: string, afterCommand: number): string | null {
  let start = afterCommand;
  while (start < text.length && isSpace(text[start])) start++;
  if (text[start] === '{') {
    const close = closingBrace(text, start);
    return close < 0 ? null : text.slice(start + 1, close).trim();
  }
  let end = start;
  while (end < text.length && !isSpace(text[end]) && text[end] !== '$') end++;
  return end === start ? null : text.slice(start, end);
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\t' || char === '\r';
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}
