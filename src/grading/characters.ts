/** Signs outside ASCII, in the spelling that TeX has for them: −, ×, ½, π, x², full-width and Arabic-Indic digits, 𝑥. */

/** The text in ASCII and TeX commands as far as we know its signs; others stay as they are. Linear in its length. */
export function plainCharacters(text: string): string {
  return text.replace(RAISED, raised).replace(LOWERED, lowered).replace(OUTSIDE, plainCharacter);
}

const RAISED = /[⁰¹²³⁴-⁹⁺⁻ⁿ]+/g;
const LOWERED = /[₀-₉]+/g;
/** Anything but printable ASCII without the tilde, a pair of surrogates at once. */
const OUTSIDE = /[\ud800-\udbff][\udc00-\udfff]|[^\x20-\x7d]/g;

function raised(signs: string): string {
  return `^{${[...signs].map((sign) => RAISED_SIGNS[sign] ?? '').join('')}}`;
}

function lowered(signs: string): string {
  return `_{${[...signs].map((sign) => sign.charCodeAt(0) - 0x2080).join('')}}`;
}

const RAISED_SIGNS: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [sign, String(digit)])),
  '⁺': '+',
  '⁻': '-',
  ⁿ: 'n',
};

function plainCharacter(char: string): string {
  const known = CHARACTERS.get(char);
  if (known !== undefined) return known;
  const code = char.charCodeAt(0);
  if (char.length === 1 && code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
  const digit = DIGIT_ZEROS.map((zero) => code - zero).find((value) => value >= 0 && value <= 9);
  if (digit !== undefined && char.length === 1) return String(digit);
  if (char.length === 1) return char;
  const plain = char.normalize('NFKC'); // 𝑥 and 𝟓 are x and 5
  return /^[\x20-\x7d]+$/.test(plain) ? plain : char;
}

/** Arabic-Indic, its eastern form, and Devanagari. */
const DIGIT_ZEROS = [0x0660, 0x06f0, 0x0966] as const;

function each(signs: string, replacement: string): readonly (readonly [string, string])[] {
  return [...signs].map((sign) => [sign, replacement]);
}

/** `½` and its like, by the fraction that each is. */
const FRACTIONS = '½1/2 ⅓1/3 ⅔2/3 ¼1/4 ¾3/4 ⅕1/5 ⅖2/5 ⅗3/5 ⅘4/5 ⅙1/6 ⅚5/6 ⅛1/8 ⅜3/8 ⅝5/8 ⅞7/8'
  .split(' ')
  .map((pair) => [pair.slice(0, 1), `\\frac{${pair[1]}}{${pair[3]}}`] as const);

const GREEK =
  'αalpha βbeta γgamma δdelta εepsilon ζzeta ηeta θtheta κkappa λlambda μmu µmu νnu ξxi πpi ρrho σsigma τtau φphi ϕphi ' +
  'χchi ψpsi ωomega ΓGamma ΔDelta ΘTheta ΛLambda ΣSigma ΦPhi ΨPsi ΩOmega';

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ...each('~\n\r\t\u00a0\u2002\u2003\u2009\u200a\u202f\u3000', ' '),
  ...each('\u200b\u200c\u200d\u2060\ufeff\u2061\u2062', ''),
  ...each('−–—‐‑﹣', '-'),
  ...each('×·∙⋅∗', '*'),
  ...each('÷⁄∕', '/'),
  ...each('“”„', '"'),
  ...each('‘’′', "'"),
  ...each('，、', ','),
  ...each('≤⩽≦', '\\le '),
  ...each('≥⩾≧', '\\ge '),
  ...each('≈≃', '\\approx '),
  ...FRACTIONS,
  ...GREEK.split(' ').map((pair) => [pair.slice(0, 1), `\\${pair.slice(1)} `] as const),
  ['√', '\\surd '],
  ['∛', '\\sqrt[3]'],
  ['∜', '\\sqrt[4]'],
  ['∞', '\\infty '],
  ['≠', '\\ne '],
  ['±', '\\pm '],
  ['∓', '\\mp '],
  ['∪', '\\cup '],
  ['∩', '\\cap '],
  ['∈', '\\in '],
  ['∅', '\\emptyset '],
  ['ℝ', '\\mathbb{R}'],
  ['∖', '\\setminus '],
  ['∠', '\\angle '],
  ['°', '^\\circ '],
  ['º', '^\\circ '],
  ['℃', '^\\circ \\text{C}'],
  ['…', '\\ldots '],
  ['⟨', '\\langle '],
  ['⟩', '\\rangle '],
  ['。', '.'],
  ['¢', '\\cent '],
]);
