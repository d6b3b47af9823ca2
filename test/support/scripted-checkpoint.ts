import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveCheckpoint } from '../../src/lm/checkpoint.js';
import { parameterLayout } from '../../src/lm/parameters.js';
import { loadTokenizer, type Tokenizer } from '../../src/lm/tokenizer.js';

/**
 * A real checkpoint folder, with a true tokenizer and a vocabulary of true size, whose model says what it is told: after each
 * token come its successors, equally likely. Every layer adds nothing; the embedding of a token is an axis of its own, and
 * the rows of the output matrix look for the axes of the tokens before them.
 */

/** Texts of single tokens, each with the texts of what may follow. */
export type Script = Readonly<Record<string, readonly string[]>>;

/** So far above the rest that all of a large vocabulary together is never sampled. */
const LOGIT = 40;
const HIDDEN_SIZE = 24;

/** Writes the checkpoint into `folder`; its tokenizer files are those of `tokenizerFolder`. */
export function scriptedCheckpoint(
  folder: string,
  tokenizerFolder: string,
  vocabularySize: number,
  script: Script,
): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(join(tokenizerFolder, name), join(folder, name));
  }
  const tokenizer = loadTokenizer(folder);
  const config = {
    vocabularySize,
    hiddenSize: HIDDEN_SIZE,
    layerCount: 1,
    headCount: 2,
    keyValueHeadCount: 1,
    headSize: 8,
    feedForwardSize: 16,
    ropeTheta: 1e6,
    ropeScaling: null,
    normEpsilon: 1e-6,
    maxPositions: 1024,
    qkNorm: true,
    attentionBias: false,
    tiedEmbeddings: false,
  };
  const layout = parameterLayout(config);
  const weights = new Float32Array(layout.size);
  const view = (name: string): Float32Array => {
    const parameter = layout.parameters.find((each) => each.name === name);
    if (parameter === undefined) throw new Error(`no parameter ${name}`);
    return weights.subarray(parameter.offset, parameter.offset + parameter.size);
  };
  for (const { name, kind } of layout.parameters) if (kind === 'norm') view(name).fill(1);
  const [embedding, output] = [view('model.embed_tokens.weight'), view('lm_head.weight')];
  const steps = Object.entries(script);
  if (steps.length > HIDDEN_SIZE) throw new Error(`a script has at most ${HIDDEN_SIZE} tokens, got ${steps.length}`);
  for (const [axis, [text, successors]] of steps.entries()) {
    embedding[singleToken(tokenizer, text) * HIDDEN_SIZE + axis] = 1;
    // RMSNorm makes √d of a single 1.
    for (const next of successors)
      output[singleToken(tokenizer, next) * HIDDEN_SIZE + axis] = LOGIT / Math.sqrt(HIDDEN_SIZE);
  }
  saveCheckpoint(folder, { config, weights });
  writeFileSync(join(folder, 'generation_config.json'), JSON.stringify({ eos_token_id: tokenizer.endIds }));
}

function singleToken(tokenizer: Tokenizer, text: string): number {
  const [id, ...others] = tokenizer.encode(text);
  if (id === undefined || others.length > 0) throw new Error(`${JSON.stringify(text)} is not one token`);
  return id;
}
