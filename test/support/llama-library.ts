import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** llama.cpp through node-llama-cpp: what tests use of its types, and how it is set so that its numbers are ours. */
interface Library {
  getLlama(options: object): Promise<Llama>;
}
export interface Llama {
  loadModel(options: object): Promise<LlamaModel>;
  dispose(): Promise<void>;
}
export interface LlamaModel {
  readonly tokens: {
    readonly bos: number | null;
    readonly eos: number | null;
    readonly shouldPrependBosToken: boolean;
  };
  readonly fileInfo: { readonly metadata: { readonly tokenizer: { readonly chat_template?: string } } };
  tokenize(text: string, specialTokens: boolean): number[];
  detokenize(tokens: readonly number[], specialTokens: boolean): string;
  createContext(options: object): Promise<{ getSequence(): LlamaSequence }>;
}
export interface LlamaSequence {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
  controlledEvaluate(
    input: readonly (readonly [number, object])[],
  ): Promise<readonly ({ readonly next: { readonly logits?: ReadonlyMap<number, number> } } | undefined)[]>;
}

/** A model from a GGUF file, on one thread of the processor. `packageFolder` is node-llama-cpp's. */
export async function loadLlama(
  packageFolder: string,
  file: string,
): Promise<{ readonly llama: Llama; readonly model: LlamaModel }> {
  const library = (await import(pathToFileURL(join(packageFolder, 'dist', 'index.js')).href)) as Library;
  const llama = await library.getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: 1,
    logLevel: 'error',
    progressLogs: false,
  });
  return { llama, model: await llama.loadModel({ modelPath: file, ignoreMemorySafetyChecks: true }) };
}

/** Sequences of a context with plain attention over a float32 cache. */
export async function llamaSequences(model: LlamaModel, count: number, contextSize: number): Promise<LlamaSequence[]> {
  const context = await model.createContext({
    sequences: count,
    contextSize,
    batchSize: 512,
    threads: { ideal: 1, min: 1 },
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
    ignoreMemorySafetyChecks: true,
  });
  return Array.from({ length: count }, () => context.getSequence());
}
