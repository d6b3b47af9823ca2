import { closingBrace } from './boxed.js';

/**
 * One spelling for answers that differ only in typesetting. The meaning is decided later, by parsing:
 * nothing is dropped here that could change it. Every step is linear in the length of the text.
 */

/** Answers longer than this are compared letter by letter only: no person writes them, and they cost time. */
export const MAX_ANSWER_LENGTH = 2000;

/** The answer with TeX delimiters, spacing, sizes and synonyms removed, ready for the parser. */
export function normalizeAnswer(text: string): string {
  if (PLAIN.test(text)) return text;
  let cleaned = text
    .replace(/[^\x20-\x7d]/g, plainCharacter)
    .replace(GROUP_MARK, '')
    .replace(COMMAND, plainCommand)
    .replace(/ +/g, ' ')
    .replace(/(\\[a-z]+) (?=\{)/g, '$1');
  for (let round = 0; round < 8; round++) {
    const inner = unwrap(cleaned.trim());
    if (inner === cleaned) break;
    cleaned = inner;
  }
  return cleaned;
}

/** Nothing to clean: a word, a number, 3/4, x+1. */
const PLAIN = /^[A-Za-z0-9+*/-]+$/;

/** A key that is equal for answers that differ in spaces and `\text` only: the fast way to group votes. */
export function spelling(normalized: string): string {
  if (PLAIN.test(normalized)) return normalized;
  return normalized
    .replace(/\\(?:text|mathrm)\{([^{}]*)\}/g, ' $1 ')
    .replace(/ +/g, ' ')
    .replace(/(^|[^A-Za-z]) (?=[A-Za-z])|([^A-Za-z0-9]) (?=[0-9])| (?=[^A-Za-z0-9]|$)/g, '$1$2');
}

function unwrap(text: string): string {
  if (text.endsWith('.') && !text.endsWith('..')) return text.slice(0, -1);
  if (text.startsWith('$$') && text.endsWith('$$') && text.length >= 4) return text.slice(2, -2);
  if (text.startsWith('$') && /[^\\]\$$/.test(text)) return withoutDollars(text);
  if (text.startsWith('\\(') && text.endsWith('\\)')) return text.slice(2, -2);
  if (text.startsWith('\\[') && text.endsWith('\\]')) return text.slice(2, -2);
  if (text.startsWith('\\boxed{') && closingBrace(text, 6) === text.length - 1) return text.slice(7, -1);
  if (text.startsWith('{') && !text.includes(',') && closingBrace(text, 0) === text.length - 1)
    return text.slice(1, -1);
  return text;
}

/** `$1$, $2$` without its delimiters; an odd number of dollar signs is left alone. */
function withoutDollars(text: string): string {
  const parts = text.split(/(?<!\\)\$/);
  return parts.length % 2 === 1 ? parts.join('') : text;
}

/** What TeX writes between groups of three digits: `1{,}234`, `1,\!234`, `1\,234`. */
const GROUP_MARK = /(?<=\d)(?:\{,\}|,\\!|\\[,:;])(?=\d{3}(?!\d))/g;

/** A backslash with a run of letters or with one other character. */
const COMMAND = /\\(?:[a-zA-Z]+|[\s\S])/g;

function plainCommand(command: string): string {
  return COMMANDS.get(command) ?? command;
}

const COMMANDS: ReadonlyMap<string, string> = new Map([
  ...named(['\\dfrac', '\\tfrac', '\\cfrac'], '\\frac'),
  ...named(['\\dbinom', '\\tbinom'], '\\binom'),
  ...named(['\\leq', '\\leqslant', '\\leqq'], '\\le'),
  ...named(['\\geq', '\\geqslant', '\\geqq'], '\\ge'),
  ...named(['\\neq'], '\\ne'),
  ...named(['\\lt'], '<'),
  ...named(['\\gt'], '>'),
  ...named(['\\cdot', '\\times', '\\ast'], '*'),
  ...named(['\\div'], '/'),
  ...named(['\\lbrace'], '\\{'),
  ...named(['\\rbrace'], '\\}'),
  ...named(['\\lvert', '\\rvert', '\\vert', '\\mid'], '|'),
  ...named(['\\varnothing'], '\\emptyset'),
  ...named(['\\degree'], '^\\circ'),
  ...named(['\\%'], '%'),
  ...named(['\\textbf', '\\textit', '\\textrm', '\\textsf', '\\texttt', '\\mbox', '\\emph'], '\\text'),
  ...named(['\\mathbf', '\\mathit', '\\mathsf', '\\boldsymbol', '\\bm', '\\operatorname'], '\\mathrm'),
  ...named(['\\left', '\\right', '\\big', '\\Big', '\\bigl', '\\bigr', '\\Bigl', '\\Bigr', '\\bigg', '\\Bigg'], ''),
  ...named(['\\displaystyle', '\\textstyle', '\\limits', '\\!'], ''),
  ...named(['\\;', '\\ ', '\\quad', '\\qquad', '\\>', '\\:', '\\,', '\\thinspace', '\\enspace'], ' '),
]);

function named(commands: readonly string[], replacement: string): readonly (readonly [string, string])[] {
  return commands.map((command) => [command, replacement]);
}

/** Signs outside ASCII that are spelled in TeX too; full-width forms are their ASCII twins. Others stay. */
function plainCharacter(char: string): string {
  const code = char.charCodeAt(0);
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  return CHARACTERS.get(char) ?? char;
}

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ...named(['~', '\n', '\r', '\t', '\u00a0', '\u2009', '\u202f', '\u3000'], ' '),
  ...named(['−', '–', '—'], '-'),
  ...named(['×', '·', '∙', '⋅'], '*'),
  ...named(['÷', '⁄'], '/'),
  ...named(['√'], '\\surd '),
  ...named(['π'], '\\pi '),
  ...named(['θ'], '\\theta '),
  ...named(['∞'], '\\infty '),
  ...named(['≤', '⩽'], '\\le '),
  ...named(['≥', '⩾'], '\\ge '),
  ...named(['≠'], '\\ne '),
  ...named(['±'], '\\pm '),
  ...named(['∓'], '\\mp '),
  ...named(['∪'], '\\cup '),
  ...named(['∈'], '\\in '),
  ...named(['∅'], '\\emptyset '),
  ...named(['°'], '^\\circ '),
  ...named(['。'], '.'),
  ...[...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [sign, `^{${digit}}`] as const),
  ...named(['½'], ' 1/2'),
  ...named(['⅓'], ' 1/3'),
  ...named(['⅔'], ' 2/3'),
  ...named(['¼'], ' 1/4'),
  ...named(['¾'], ' 3/4'),
]);
