const MAX_DEPTH = 50;

/** The value of a boolean expression in Python's words and precedence (not, then and, then or), "True" or "False"; null
 *  for a text that is none or is nested too deeply. Brackets stand apart or not: ( not True ) and (False). */
export function booleanValue(text: string): 'True' | 'False' | null {
  const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  const parser = { tokens, at: 0, depth: 0 };
  const value = disjunction(parser);
  if (value === null || parser.at < tokens.length) return null;
  return value ? 'True' : 'False';
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

function disjunction(parser: Parser): boolean | null {
  return chain(parser, 'or', conjunction, (a, b) => a || b);
}

function conjunction(parser: Parser): boolean | null {
  return chain(parser, 'and', negation, (a, b) => a && b);
}

function chain(
  parser: Parser,
  word: string,
  operand: (parser: Parser) => boolean | null,
  join: (a: boolean, b: boolean) => boolean,
): boolean | null {
  let value = operand(parser);
  while (value !== null && parser.tokens[parser.at] === word) {
    parser.at++;
    const next = operand(parser);
    value = next === null ? null : join(value, next);
  }
  return value;
}

function negation(parser: Parser): boolean | null {
  let negated = false;
  for (; parser.tokens[parser.at] === 'not'; parser.at++) negated = !negated;
  const value = atom(parser);
  return value === null ? null : value !== negated;
}

function atom(parser: Parser): boolean | null {
  const token = parser.tokens[parser.at++];
  if (token === 'True' || token === 'False') return token === 'True';
  if (token !== '(' || ++parser.depth > MAX_DEPTH) return null;
  const value = disjunction(parser);
  parser.depth--;
  return parser.tokens[parser.at++] === ')' ? value : null;
}
