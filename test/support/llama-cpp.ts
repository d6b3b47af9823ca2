import type { TestContext } from 'node:test';
import { type LlamaSequence, llamaSequences, loadLlama } from './llama-library.js';
import { peerPackage } from './outside.js';

/** Logits of the next token after each token of a sequence: [position][token]. */
export type LlamaCpp = (tokens: readonly number[]) => Promise<number[][]>;

/** llama.cpp over a GGUF file, on one thread of the CPU, all in F32; null where it is not installed, and the test is
 *  skipped. */
export async function llamaCpp(t: TestContext, file: string, contextSize: number): Promise<LlamaCpp | null> {
  const folder = peerPackage(t, 'llama.cpp', 'node-llama-cpp');
  if (folder === null) return null;
  const { llama, model } = await loadLlama(folder, file);
  t.after(() => llama.dispose());
  const [sequence] = (await llamaSequences(model, 1, contextSize)) as [LlamaSequence];
  return async (tokens) => {
    await sequence.clearHistory();
    const output = await sequence.controlledEvaluate(
      tokens.map((token) => [token, { generateNext: { logits: true } }] as const),
    );
    return output.map((each) => {
      const logits: number[] = [];
      for (const [token, logit] of each?.next.logits ?? []) logits[token] = logit;
      return logits;
    });
  };
}
