import { lineError } from './file-text.js';
import type { FileRecord } from './records.js';

/**
 * ASDiv as its authors publish it: `<Problem ID="nluds-0001" …>` elements with an element for each field, whose texts have no
 * markup of their own. This is no general reader of XML: declarations and entities of a document's own are not followed.
 */

export const isXml = (text: string): boolean => /^\s*</.test(text);

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** One record for each problem, its fields under their names in small letters, `-` as `_`.
 *  @throws BenchmarkFileError where there is none. */
export function xmlRecords(text: string, file: string): FileRecord[] {
  const records: FileRecord[] = [];
  let line = 1;
  let seen = 0;
  for (let open = nextProblem(text, 0); open >= 0; ) {
    line += text.slice(seen, open).split('\n').length - 1;
    seen = open;
    const where = { place: `line ${line}`, line };
    const close = text.indexOf('</Problem>', open);
    const next = nextProblem(text, open + 1);
    const isCut = close < 0 || (next >= 0 && next < close);
    records.push(
      isCut
        ? { ...where, error: lineError(file, line, 'the problem is not closed by </Problem>') }
        : { ...where, value: fieldsOf(text.slice(text.indexOf('>', open) + 1, close)) },
    );
    open = close < 0 ? -1 : next; // none that follows is closed either
  }
  if (records.length === 0) throw lineError(file, 1, 'is XML without <Problem> elements; expected a file of asdiv');
  return records;
}

/** Where the next `<Problem …>` begins, which `<ProblemSet>` is not; -1 where there is none. */
function nextProblem(text: string, from: number): number {
  let at = text.indexOf('<Problem', from);
  while (at >= 0 && !/[\s>]/.test(text[at + 8] ?? '')) at = text.indexOf('<Problem', at + 1);
  return at;
}

function fieldsOf(content: string): Record<string, string> {
  const fields = [...content.matchAll(/<([A-Za-z][\w-]*)>([^<]*)<\/\1>/g)];
  return Object.fromEntries(
    fields.map(([, name = '', value = '']) => [name.toLowerCase().replaceAll('-', '_'), decoded(value)]),
  );
}

/** Text with the five named entities and the numbered ones as characters. */
function decoded(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, name, decimal, hex) => {
    if (name !== undefined) return ENTITIES[String(name)] ?? whole;
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
