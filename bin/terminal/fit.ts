import stringWidth from 'string-width';

/** Text in the columns of a terminal, where a character may take none, one or two. */

export const columnsOf = (text: string): number => stringWidth(text);

/** The text, or its beginning and `…` where it takes more columns. It has no colours yet. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let room = columns - 1; // for the …
  let kept = '';
  for (const { segment } of CHARACTERS.segment(text)) {
    room -= columnsOf(segment);
    if (room < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** What people see as one character may be several code points. */
const CHARACTERS = new Intl.Segmenter();

/** The text with spaces behind it up to so many columns. */
export const padTo = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - columnsOf(text)));

/** The first of several ways to say the same, the longest first, that fits; the last one cut where none does. */
export function fitting(ways: readonly string[], columns: number): string {
  return ways.find((way) => columnsOf(way) <= columns) ?? cutTo(ways.at(-1) ?? '', columns);
}
