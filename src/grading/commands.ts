/** TeX commands that mean the same or nothing, by the one spelling that the parser knows. */

/** The text with each command in that spelling. Linear in its length. */
export function plainCommands(text: string): string {
  return text
    .replace(UNSEEN, '')
    .replace(ENVIRONMENT, '')
    .replace(/\\q?quad/g, ' ')
    .replace(COMMAND, (command) => COMMANDS.get(command) ?? command)
    .replace(ARRAY, (_, side: string) => `\\${side}{matrix}`)
    .replace(SMALL_MATRIX, '$1{matrix}');
}

/** A backslash with a run of letters or with one other character. */
const COMMAND = /\\(?:[a-zA-Z]+|[\s\S])/g;

/** Commands that print nothing of their argument, or only colour what follows. */
const UNSEEN =
  /\\(?:hspace|vspace|phantom|hphantom|vphantom|label|color)\*? ?\{[^{}]{0,80}\}|\\textcolor ?\{[^{}]{0,80}\}|\\text ?\{[ .,]?\}/g;

/** Equations set apart, with the mark that aligns them. */
const ENVIRONMENT = /\\(?:begin|end) ?\{(?:align|aligned|gather|equation|split)\*?\}|&(?==)/g;

const ARRAY = /\\(begin|end) ?\{array\}(?: ?\{[lcr| ]{0,40}\})?/g;
const SMALL_MATRIX = /(\\(?:begin|end)) ?\{(?:smallmatrix|matrix\*)\}/g;

function each(commands: string, replacement: string): readonly (readonly [string, string])[] {
  return commands.split(' ').map((command) => [`\\${command}`, replacement]);
}

const COMMANDS: ReadonlyMap<string, string> = new Map([
  ...each('dfrac tfrac cfrac', '\\frac'),
  ...each('dbinom tbinom', '\\binom'),
  ...each('leq leqslant leqq', '\\le'),
  ...each('geq geqslant geqq', '\\ge'),
  ...each('neq', '\\ne'),
  ...each('approxeq simeq sim', '\\approx'),
  ...each('lt', '<'),
  ...each('gt', '>'),
  ...each('cdot times ast', '*'),
  ...each('div', '/'),
  ...each('langle', '('),
  ...each('rangle', ')'),
  ...each('lbrace', '\\{'),
  ...each('rbrace', '\\}'),
  ...each('lvert rvert vert', '|'),
  ...each('colon', ':'),
  ...each('varnothing', '\\emptyset'),
  ...each('degree', '^\\circ'),
  ...each('%', '%'),
  ...each('cr', '\\\\'),
  ...each('dots cdots dotsc dotsb', '\\ldots'),
  ...each('overbar bar', '\\overline'),
  ...each('lcm', '\\mathrm{lcm}'),
  ...each('imath', 'i'),
  ...each('jmath', 'j'),
  ...each('textbf textit textrm textsf texttt textnormal mbox emph hbox', '\\text'),
  ...each('mathbf mathit mathsf mathtt mathnormal boldsymbol bm operatorname', '\\mathrm'),
  ...each('left right middle big Big bigl bigr Bigl Bigr bigg Bigg biggl biggr Biggl Biggr', ''),
  ...each('displaystyle textstyle scriptstyle limits ! nolimits boldmath bf rm it underline', ''),
  ...each('; : , > thinspace enspace space', ' '),
  ['\\ ', ' '],
]);
