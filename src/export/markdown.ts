/** Text from elsewhere in Markdown: a database or a checkpoint may hold anything. */

const LONGEST = 300;

/** `text` as one line of Markdown that shows it as it is: nothing in it is a link, a tag, a rule or the end of a table's cell.
 *  Control characters are shown as U+FFFD, and what is longer than 300 characters is cut. */
export function asMarkdown(text: string): string {
  const line = text.replace(/[\n\r\t]+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
  const characters = [...line];
  const short = characters.length > LONGEST ? `${characters.slice(0, LONGEST).join('')}…` : line;
  // GitHub makes links of `http:`, `www.` and addresses by themselves. An underscore inside a word is only that.
  return short
    .replace(/[!"#$&'()*:<>?@[\\\]^`{|}~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\$&')
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}\\.`);
}

/** A Markdown table; cells are Markdown already. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
