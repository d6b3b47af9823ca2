import { closingBrace } from './boxed.js';

/** What stands beside a number and is no part of its value: a unit, a currency, a counted noun, % or °. */
export interface Quantity {
  /** The text of the value alone. */
  readonly value: string;
  /** Canonical name ("cm^2", "dollar", "percent", "degree", "apples"); null when there is none. */
  readonly unit: string | null;
}

/** Splits a normalised answer into its value and its unit. A single letter is a variable, not a unit, unless it is
 *  set as text; words that change the value ("5 or more", "5 million") are no units. */
export function splitUnit(text: string): Quantity {
  return currency(text) ?? sign(text) ?? typesetUnit(text) ?? plainUnit(text) ?? { value: text, unit: null };
}

const CURRENCIES: readonly (readonly [string, string])[] = [
  ['\\$', 'dollar'],
  ['$', 'dollar'],
  ['€', 'euro'],
  ['£', 'pound'],
  ['¥', 'yen'],
];

function currency(text: string): Quantity | null {
  const negative = text.startsWith('-');
  const rest = negative ? text.slice(1).trimStart() : text;
  for (const [mark, unit] of CURRENCIES) {
    if (rest.startsWith(mark) && rest.length > mark.length) {
      return { value: (negative ? '-' : '') + rest.slice(mark.length).trim(), unit };
    }
    if (rest.endsWith(mark) && rest.length > mark.length) return { value: text.slice(0, -mark.length).trim(), unit };
  }
  return null;
}

const SIGNS: readonly (readonly [string, string])[] = [
  ['%', 'percent'],
  ['^\\circ', 'degree'],
  ['^{\\circ}', 'degree'],
];

/** In \sin 30^\circ the degrees belong to the argument. */
const OF_ANGLE = /sin|cos|tan|cot|sec|csc/;

function sign(text: string): Quantity | null {
  for (const [mark, unit] of SIGNS) {
    if (text.endsWith(mark) && !OF_ANGLE.test(text)) return { value: text.slice(0, -mark.length).trim(), unit };
  }
  return null;
}

/** A unit in an upright font: 10\text{ cm}, 10\mathrm{cm}^2. Upright e and i are numbers. */
function typesetUnit(text: string): Quantity | null {
  const start = Math.max(text.lastIndexOf('\\text{'), text.lastIndexOf('\\mathrm{'));
  if (start <= 0) return null;
  const open = text.indexOf('{', start);
  const close = closingBrace(text, open);
  const power = close < 0 ? null : unitPower(text.slice(close + 1));
  const name = text.slice(open + 1, close < 0 ? open + 1 : close).trim();
  const value = text.slice(0, start).trim();
  if (power === null || !isUnitName(name) || name === 'e' || name === 'i' || !endsValue(value)) return null;
  return { value, unit: canonicalUnit(name) + power };
}

/** The power of a unit: '', '^2', …; null for any other text. */
function unitPower(text: string): string | null {
  const found = /^ ?(?:\^ ?(?:(-?\d)|\{ ?(-?\d) ?\}))?$/.exec(text);
  if (found === null) return null;
  const power = found[1] ?? found[2];
  return power === undefined ? '' : `^${power}`;
}

/** A value without letters of its own, then a word: 10 cm, 3 apples, 1/2 hour. */
const PLAIN = /^((?:[^A-Za-z\\]|\\frac|\\sqrt|\\pi)*[\d)}])( ?)([A-Za-z][A-Za-z /-]*)(.{0,6})$/;

function plainUnit(text: string): Quantity | null {
  const found = PLAIN.exec(text);
  const [, value = '', space = '', rawName = '', rest = ''] = found ?? [];
  const name = rawName.trim();
  const power = unitPower(rest);
  if (found === null || power === null || name.length < 2 || !isUnitName(name)) return null;
  if (space === '' && !ABBREVIATIONS.has(name)) return null; // 2ab is a product
  return { value: value.trim(), unit: canonicalUnit(name) + power };
}

function isUnitName(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z ./-]*$/.test(name) || name.length > 40) return false;
  return name.split(/[ ./-]/).every((word) => !NO_UNITS.has(word.toLowerCase()));
}

/** A value ends with a digit, a letter or a closing bracket, and not inside a subscript or an exponent. */
function endsValue(value: string): boolean {
  return /[\dA-Za-z)}\]]$/.test(value) && !/[_^]\{?$/.test(value);
}

/** "Square centimeters" → "cm^2"; a plural that is no abbreviation loses its s. */
function canonicalUnit(name: string): string {
  const words = (name.length > 2 ? name.toLowerCase() : name)
    .replace(/\.$/, '')
    .split(' ')
    .filter((word) => word !== '');
  const power = words[0] === 'square' || words[0] === 'sq' ? '^2' : words[0] === 'cubic' ? '^3' : '';
  const rest = power === '' ? words : words.slice(1);
  return rest.map((word) => SYNONYMS.get(word) ?? (word.length > 3 ? word.replace(/s$/, '') : word)).join(' ') + power;
}

const ABBREVIATIONS = new Set('mm cm km kg mg ml mL lb lbs oz ft yd mph km/h m/s cm/s min hr Hz kHz'.split(' '));

const NO_UNITS = new Set(
  (
    'and or not no if is in of plus minus times over divided more less least most than about approximately between to ' +
    'half third thirds quarter hundred thousand million billion trillion dozen pi sqrt sin cos tan ln log exp ' +
    'infinity factorial squared cubed mod modulo remainder choose base'
  ).split(' '),
);

const SYNONYMS: ReadonlyMap<string, string> = new Map(
  (
    'dollars:dollar usd:dollar cents:cent percent:percent degrees:degree deg:degree euros:euro pounds:pound ' +
    'millimeter:mm millimeters:mm centimeter:cm centimeters:cm centimetres:cm meter:m meters:m metres:m metre:m ' +
    'kilometer:km kilometers:km kilometres:km inch:in inches:in foot:ft feet:ft yards:yd yard:yd miles:mile ' +
    'gram:g grams:g kilogram:kg kilograms:kg milligrams:mg liter:l liters:l litres:l milliliters:ml lbs:lb ' +
    'second:s seconds:s sec:s minute:min minutes:min mins:min hour:h hours:h hr:h hrs:h ounces:oz ounce:oz units:unit'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
);
