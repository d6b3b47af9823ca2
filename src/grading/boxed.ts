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
