import { Undecidable } from './allowance.js';
import { type Answer, MAX_ITEMS, type Parse } from './answer.js';
import { enclosed, splitOutside } from './structure.js';

/** \begin{pmatrix}…\end{pmatrix} with any brackets, also around it; null for any other text. */
export function parseMatrix(text: string, parse: Parse): Answer | null {
  const found = MATRIX.exec(text);
  if (found === null || found[1] !== found[3]) return bracketed(text, parse);
  const rows = splitOutside(found[2] ?? '', (t, i) => (t.startsWith('\\\\', i) ? 2 : 0)).parts;
  const last = rows.at(-1) === '' ? rows.slice(0, -1) : rows;
  const cells = last.map((row) => splitOutside(row, (t, i) => (t[i] === '&' ? 1 : 0)).parts);
  if (cells.flat().length > MAX_ITEMS) throw new Undecidable('a matrix of too many entries');
  return { kind: 'matrix', determinant: found[1] === 'v', rows: cells.map((row) => row.map(parse)) };
}

const MATRIX = /^\\begin ?\{([pbvBV]?)matrix\}(.*)\\end ?\{([pbvBV]?)matrix\}$/;

function bracketed(text: string, parse: Parse): Answer | null {
  if (!text.includes('matrix}')) return null;
  const found = enclosed(text);
  return found === null || !MATRIX.test(found.inner) ? null : parseMatrix(found.inner, parse);
}
