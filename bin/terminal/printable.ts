/** Text from a model or a file on one short line, without what a terminal would obey. */
export function printable(text: string, length: number): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** The same on as many lines as it has: what a terminal would obey is shown as \ufffd, so that one sees that it is there. */
export function printableLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, '\ufffd');
}
