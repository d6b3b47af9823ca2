import { asMarkdown } from './markdown.js';
import { CARD_MARK } from './model-card.js';

/** The README.md of a quantised checkpoint: what was made of which model. */
export const quantizedCard = (model: string, version: string): string => `${CARD_MARK}

# ${asMarkdown(model)}, in 4 bits

The projections of ${asMarkdown(model)} in blocks of 32 weights with one scale each, 5 bits a weight in all; embeddings, the output
matrix and norms are as they were. Made by rzero ${asMarkdown(version)}, and for rzero: other engines do not read it.

\`\`\`sh
rzero sample --model path/to/this/folder --prompt '...'
rzero run --model path/to/this/folder --set lora.rank=16
\`\`\`
`;
