import { divide, integer, multiply, ONE, powInteger, type Rational, rational } from './rational.js';

/** A unit by the units that it is made of. */
export interface Unit {
  /** Canonical: "m^2", "m s^-1", "dollar", "percent", "degree", "apple". */
  readonly name: string;
  /** How many of those it is: 1/10000 for cm². */
  readonly scale: Rational;
}

/** The unit that a text names, "Square centimeters", "m/s^2", "kg m s^{-1}", "miles per hour", "apples"; null for words
 *  that change the value ("5 or more", "5 million") and for what is no name. */
export function unitNamed(text: string): Unit | null {
  if (text.length > 60) return null;
  const tokens = text.replace(/[{}]/g, '').match(/[A-Za-zÅ]+|\\mu|\\Omega|[/*]|\^ ?-?\d|\S/g) ?? [];
  const powers = new Map<string, number>();
  let [scale, side, prefixPower] = [ONE, 1, 1];
  for (const [index, token] of tokens.entries()) {
    if (token === '/' || token === 'per') side = -1;
    else if (token in AREA_WORDS) prefixPower = AREA_WORDS[token] ?? 1;
    else if (/^(?:[A-Za-zÅ]|\\)/.test(token)) {
      const word = wordOf(token);
      if (NO_UNITS.has(word)) return null;
      const raised = /^\^ ?(-?\d)$/.exec(tokens[index + 1] ?? '')?.[1];
      const power = side * prefixPower * Number(raised ?? 1);
      const [base, factor] = TABLE.get(word) ?? [word, ONE];
      powers.set(base, (powers.get(base) ?? 0) + power);
      scale = multiply(scale, powInteger(factor, BigInt(power)));
      prefixPower = 1;
    } else if (!/^[*.^-]/.test(token)) return null;
  }
  const parts = [...powers].map(([base, power]) => (power === 1 ? base : `${base}^${power}`));
  return parts.length === 0 ? null : { name: parts.sort().join(' '), scale };
}

/** Whether letters right behind a number are a unit there: 10cm, but not 2ab. */
export function isAbbreviation(text: string): boolean {
  return ABBREVIATIONS.has(text.split(/[/^*]/)[0] ?? '');
}

const ABBREVIATIONS = new Set(
  'mm cm km kg mg ml mL lb lbs oz ft yd mph min hr hrs Hz kHz kJ kW am pm mi in'.split(' '),
);
const AREA_WORDS: Readonly<Record<string, number>> = {
  square: 2,
  Square: 2,
  sq: 2,
  cubic: 3,
  Cubic: 3,
  cu: 3,
};

function wordOf(token: string): string {
  const word = token.length > 2 ? token.toLowerCase() : token;
  const known = SYNONYMS.get(word) ?? word;
  if (TABLE.has(known) || known.length <= 3) return known;
  const singular = known.replace(/s$/, '');
  return SYNONYMS.get(singular) ?? singular;
}

const NO_UNITS = new Set(
  (
    'and or not no if is of plus minus times over divided more less least most than about approximately between to ' +
    'half third quarter hundred thousand million billion trillion dozen pi sqrt sin cos tan ln log exp ' +
    'infinity factorial squared cubed mod modulo remainder choose base e i'
  ).split(' '),
);

const SYNONYMS: ReadonlyMap<string, string> = new Map(
  (
    'usd:dollar cent:cent cents:cent pct:percent percentage:percent deg:degree degs:degree eur:euro gbp:pound ' +
    'millimeter:mm centimeter:cm centimetre:cm meter:m metre:m kilometer:km kilometre:km millimetre:mm ' +
    'inch:in inches:in foot:ft feet:ft yard:yd mi:mile yds:yd ' +
    'gram:g kilogram:kg milligram:mg liter:l litre:l L:l mL:ml milliliter:ml millilitre:ml lbs:lb ' +
    'second:s sec:s secs:s minute:min mins:min hour:h hr:h hrs:h ounce:oz radian:rad rs:rupee inr:rupee'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
);

/** Units that are so many of another. */
const TABLE: ReadonlyMap<string, readonly [string, Rational]> = new Map(
  (
    'mm:m:1/1000 cm:m:1/100 m:m:1 km:m:1000 in:in:1 ft:in:12 yd:in:36 mile:in:63360 mg:g:1/1000 g:g:1 kg:g:1000 ' +
    'ml:l:1/1000 l:l:1 s:s:1 min:s:60 h:s:3600 day:s:86400 week:s:604800 oz:oz:1 lb:oz:16 cent:dollar:1/100'
  )
    .split(' ')
    .map((row) => {
      const [name = '', base = '', factor = ''] = row.split(':');
      const [over = 1, under = 1] = factor.split('/').map(Number);
      return [name, [base, divide(integer(over), rational(BigInt(under), 1n))] as const] as const;
    }),
);
