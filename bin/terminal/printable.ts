/** Text from a model or a file on one short line, without what a terminal would obey. */
export function printable(text: string, length: number): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
