import type { Answer } from './answer.js';
import { literalValue } from './parse-number.js';
import * as q from './rational.js';

/** A text that is equal only for answers that are the same by {@link sameAnswer}; null for those that have none, such as
 *  lists, which have no order. It makes groups of many answers without comparing each with each. */
export function answerKey(answer: Answer): string | null {
  switch (answer.kind) {
    case 'phrase':
      return `phrase ${answer.words}`;
    case 'numeral':
      return `numeral ${answer.digits}_${answer.base}`;
    case 'scalar': {
      const [value, second] = answer.values;
      if (value === undefined || second !== undefined || value.key === null) return null;
      if ((literalValue(answer.expression)?.decimals ?? 0) > 0) return null; // may be a rounded value too
      const unit = answer.unit === null ? '' : `${answer.unit.name} × ${q.toKey(answer.unit.scale)}`;
      return `scalar ${unit} ${value.key}`;
    }
    case 'tuple':
      return joined(`tuple ${answer.open}${answer.close}`, answer.items);
    case 'matrix':
      return joined(`matrix ${answer.determinant} ${answer.rows.map((row) => row.length)}`, answer.rows.flat());
    case 'choice':
    case 'ratio':
    case 'list':
    case 'set':
    case 'union':
    case 'relation':
      return null;
  }
}

function joined(head: string, items: readonly Answer[]): string | null {
  const keys = items.map(answerKey);
  return keys.includes(null) ? null : `${head} (${keys.join('; ')})`;
}
