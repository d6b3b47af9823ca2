import { ONE } from './rational.js';
import { isAbbreviation, type Unit, unitNamed } from './unit-names.js';

/** What stands beside a number and is no part of its value: a unit, a currency, a counted noun, % or °. */
export interface Quantity {
  /** The text of the value alone. */
  readonly value: string;
  readonly unit: Unit | null;
}

/** Splits a normalised answer into its value and its unit. A single letter is a variable, not a unit, unless it is
 *  set as text; words that change the value ("5 or more") are no units. */
export function splitUnit(text: string): Quantity {
  return (
    ordinal(text) ?? currency(text) ?? sign(text) ?? typesetUnit(text) ?? plainUnit(text) ?? { value: text, unit: null }
  );
}

function ordinal(text: string): Quantity | null {
  const found = /^(\d+) ?(?:\^ ?\{? ?)?(?:\\(?:text|mathrm) ?\{ ?)?(?:st|nd|rd|th)(?: ?\}){0,2}$/.exec(text);
  return found === null ? null : { value: found[1] ?? '', unit: null };
}

const CURRENCIES: readonly (readonly [string, string])[] = [
  ['US\\$', 'dollar'],
  ['US$', 'dollar'],
  ['USD', 'dollar'],
  ['\\$', 'dollar'],
  ['$', 'dollar'],
  ['€', 'euro'],
  ['£', 'pound'],
  ['\\pounds', 'pound'],
  ['¥', 'yen'],
  ['₹', 'rupee'],
  ['Rs.', 'rupee'],
  ['Rs', 'rupee'],
];

function currency(text: string): Quantity | null {
  const negative = text.startsWith('-');
  const rest = negative ? text.slice(1).trimStart() : text;
  for (const [mark, name] of CURRENCIES) {
    const unit = { name, scale: ONE };
    if (rest.startsWith(mark) && /^[ \d.\\-]/.test(rest.slice(mark.length))) {
      return splitMore({ value: (negative ? '-' : '') + rest.slice(mark.length).trim(), unit });
    }
    if (rest.endsWith(mark) && rest.length > mark.length) return { value: text.slice(0, -mark.length).trim(), unit };
  }
  return null;
}

/** $5 per hour: the currency is the unit. */
function splitMore(quantity: Quantity): Quantity {
  const rest = typesetUnit(quantity.value) ?? plainUnit(quantity.value);
  return rest === null ? quantity : { ...quantity, value: rest.value };
}

const SIGNS: readonly (readonly [string, string])[] = [
  ['%', 'percent'],
  ['^\\circ', 'degree'],
  ['^{\\circ}', 'degree'],
  ['\\cent', 'cent'],
];
const TEMPERATURE = /\^ ?\{? ?\\circ ?\}? ?(?:\\(?:text|mathrm) ?\{ ?([CF]) ?\}|([CF]))$/;

/** In \sin 30^\circ the degrees belong to the argument. */
const OF_ANGLE = /sin|cos|tan|cot|sec|csc|cis/;

function sign(text: string): Quantity | null {
  const found = TEMPERATURE.exec(text);
  if (found !== null)
    return { value: text.slice(0, found.index).trim(), unit: { name: `degree ${found[1] ?? found[2]}`, scale: ONE } };
  for (const [mark, name] of SIGNS) {
    if (text.endsWith(mark) && !OF_ANGLE.test(text))
      return { value: text.slice(0, -mark.length).trim(), unit: unitNamed(name) };
  }
  return null;
}

/** A unit in an upright font: 10\text{ cm}, 10\mathrm{cm}^2, 9.8\text{ m}/\text{s}^2. Upright e and i are numbers. */
function typesetUnit(text: string): Quantity | null {
  const found = TYPESET.exec(text);
  const [, value = '', upright = ''] = found ?? [];
  if (found === null || !/[\dA-Za-z)}\]!]$/.test(value) || /[_^]\{?$/.test(value)) return null;
  const name = upright.replace(/\\(?:text|mathrm) ?\{ ?([^{}]*?)[ .]?\}/g, ' $1 ').trim();
  const unit = unitNamed(name);
  return unit === null ? null : { value, unit };
}

const UPRIGHT = String.raw`\\(?:text|mathrm) ?\{[^{}]*\}`;
const TYPESET = new RegExp(
  String.raw`^(.*?\S) ?((?:(?:\\mu ?)?${UPRIGHT}|\\Omega)(?:[ /*]|\\mu|${UPRIGHT}|\^ ?(?:-?\d|\{ ?-?\d ?\}))*)$`,
);

/** A value without letters of its own, then a word: 10 cm, 3 apples, 1/2 hour, 4.5e33 erg/s. */
const PLAIN =
  /^((?:[^A-Za-z\\]|\\frac|\\sqrt|\\pi|(?<=\d)[eE](?=[+-]?\d))*[\d)}]|\\pi|(?:[^A-Za-z\\]|\\frac|\\sqrt)*\\pi)( ?)([A-Za-zÅ][A-Za-z]*(?:[ .-]+[A-Za-z]+| ?[/*] ?[A-Za-z]+| ?\^ ?(?:-?\d|\{ ?-?\d ?\}))*)\.?$/;

function plainUnit(text: string): Quantity | null {
  const found = PLAIN.exec(text);
  const [, value = '', space = '', name = ''] = found ?? [];
  if (found === null) return null;
  if (space === '' && !isAbbreviation(name)) return null; // 2ab is a product
  if (/^[A-Za-z](?![A-Za-z/])/.test(name)) return null; // 300 K may be a product
  const unit = unitNamed(name);
  return unit === null ? null : { value: value.trim(), unit };
}
