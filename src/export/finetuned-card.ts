import { asMarkdown, markdownTable } from './markdown.js';
import { CARD_MARK } from './model-card.js';

/** What a fine-tuned checkpoint is told of. */
export interface FinetunedCard {
  /** What it began from: a model's name, or a run's Solver. */
  readonly origin: string;
  readonly trained: string;
  readonly data: { readonly name: string; readonly sha256: string; readonly examples: number };
  readonly settings: readonly (readonly [name: string, value: string | number])[];
  readonly version: string;
}

/** The README.md of a fine-tuned checkpoint: what learned from what, and how. */
export function finetunedCard({ origin, trained, data, settings, version }: FinetunedCard): string {
  const rows = [
    ['began from', origin],
    ['trained', trained],
    ['examples', `${data.examples} of ${data.name}`],
    ['SHA-256 of the file', data.sha256],
    ...settings,
    ['made by', `rzero ${version}`],
  ];
  return `${CARD_MARK}

# ${asMarkdown(origin)}, fine-tuned

Supervised fine-tuning on labelled examples: cross-entropy on the tokens of their completions.

${markdownTable(
  ['what', ''],
  rows.map((row) => row.map((cell) => asMarkdown(String(cell)))),
)}
`;
}
