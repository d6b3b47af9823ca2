import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { peerPackage } from './outside.js';

/** What is used of node-llama-cpp's types: it is not a dependency. */
interface Library {
  getLlama(options: object): Promise<Llama>;
}
interface Llama {
  loadModel(options: object): Promise<Model>;
  dispose(): Promise<void>;
}
interface Model {
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
}
interface Sequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly (readonly [number, object])[],
  ): Promise<readonly ({ readonly next: { readonly logits?: ReadonlyMap<number, number> } } | undefined)[]>;
}

/** Logits of the next token after each token of a sequence: [position][token]. */
export type LlamaCpp = (tokens: readonly number[]) => Promise<number[][]>;

/** llama.cpp over a GGUF file, on one thread of the CPU, all in F32; null where it is not installed, and the test is
 *  skipped. */
export async function llamaCpp(t: TestContext, file: string, contextSize: number): Promise<LlamaCpp | null> {
  const folder = peerPackage(t, 'llama.cpp', 'node-llama-cpp');
  if (folder === null) return null;
  const library = (await import(pathToFileURL(join(folder, 'dist', 'index.js')).href)) as Library;
  const llama = await library.getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: 1,
    logLevel: 'error',
    progressLogs: false,
  });
  t.after(() => llama.dispose());
  const model = await llama.loadModel({ modelPath: file, ignoreMemorySafetyChecks: true });
  const context = await model.createContext({
    sequences: 1,
    contextSize,
    batchSize: 512,
    threads: { ideal: 1, min: 1 },
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
    ignoreMemorySafetyChecks: true,
  });
  const sequence = context.getSequence();
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
