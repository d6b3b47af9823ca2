import { z } from 'zod';
import { type JudgePrices, judgeCost } from '../actors/judge-cost.js';
import type { Reader } from '../storage/connection.js';
import { type LabelOracleRow, labelOracles } from '../storage/label-oracles.js';
import type { Colours } from './terminal/colour.js';
import { formatCount } from './terminal/numbers.js';
import { printable } from './terminal/printable.js';
import { textTable } from './terminal/tables.js';

/** Who said whether labels are right, and what that cost at the run's prices; null where they are not known. */
export interface LabelOracle extends LabelOracleRow {
  readonly cost: number | null;
}

const priced = z.looseObject({
  oracle: z.looseObject({
    pricePerMillionInput: z.number().nullable(),
    pricePerMillionOutput: z.number().nullable(),
  }),
});
const NO_PRICES: JudgePrices = { pricePerMillionInput: null, pricePerMillionOutput: null };

/** The oracles of a run by iteration; `config` is its stored configuration, of whatever version. */
export function readLabelOracles(db: Reader, runId: string, config: unknown): readonly LabelOracle[] {
  const parsed = priced.safeParse(config);
  const prices = parsed.success ? parsed.data.oracle : NO_PRICES;
  return labelOracles(db, runId).map((row) => ({
    ...row,
    cost: row.model === null ? null : judgeCost(row, prices),
  }));
}

/** The table of oracles, with a line for all that each judge did; null where no judge was asked. */
export function oracleTable(rows: readonly LabelOracle[], colours: Colours): string | null {
  const models = [...new Set(rows.flatMap(({ model }) => model ?? []))];
  if (models.length === 0) return null;
  const numbers = ['labels', 'right', "can't be read", 'tokens in', 'tokens out', 'cost'];
  return textTable(
    [['iteration', 'left'], ['labels checked by', 'left'], ...numbers.map((name) => [name, 'right'] as const)],
    [
      ...rows.map((row) => [String(row.iteration), ...cells(row)]),
      ...models.map((model) => ['all', ...cells(total(rows.filter((row) => row.model === model)))]),
    ],
    colours,
  );
}

function cells(row: Omit<LabelOracle, 'iteration'>): string[] {
  const { model, labels, right, unread, prompt_tokens, completion_tokens, cost } = row;
  const judged = [formatCount(labels), labels === 0 ? '-' : `${((100 * right) / labels).toFixed(1)} %`];
  if (model === null) return ['exact evaluation', ...judged, '-', '-', '-', '-'];
  const tokens = [prompt_tokens, completion_tokens].map(formatCount);
  const price = cost === null ? '-' : cost.toFixed(cost < 1 ? 4 : 2);
  return [printable(model, 40), ...judged, formatCount(unread), ...tokens, price];
}

function total(rows: readonly LabelOracle[]): Omit<LabelOracle, 'iteration'> {
  const sum = (of: (row: LabelOracle) => number): number => rows.reduce((all, row) => all + of(row), 0);
  return {
    model: rows[0]?.model ?? null,
    labels: sum((row) => row.labels),
    right: sum((row) => row.right),
    unread: sum((row) => row.unread),
    asked: sum((row) => row.asked),
    prompt_tokens: sum((row) => row.prompt_tokens),
    completion_tokens: sum((row) => row.completion_tokens),
    cost: rows.some(({ cost }) => cost === null) ? null : sum(({ cost }) => cost ?? 0),
  };
}
