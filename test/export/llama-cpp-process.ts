import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, type LlamaCppAnswer, type LlamaCppJob, readJob } from './peers.js';

/** llama.cpp through node-llama-cpp, on one thread of the processor and with a cache in F32. */

/** What is used of its types: it is not a dependency. */
interface Library {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<Model> }>;
}
interface Model {
  readonly tokens: {
    readonly bos: number | null;
    readonly eos: number | null;
    readonly shouldPrependBosToken: boolean;
  };
  readonly fileInfo: { readonly metadata: { readonly tokenizer: { readonly chat_template?: string } } };
  tokenize(text: string, specialTokens: boolean): number[];
  detokenize(tokens: readonly number[], specialTokens: boolean): string;
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
}
interface Sequence {
  clearHistory(): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
}

const job = await readJob<LlamaCppJob>();
const library = (await import(pathToFileURL(join(job.package, 'dist', 'index.js')).href)) as Library;
const llama = await library.getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  maxThreads: 1,
  logLevel: 'error',
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath: job.file, ignoreMemorySafetyChecks: true });
const tokens = job.texts.map((text) => model.tokenize(text, true));
const greedy: number[][] = [];
if (job.prompts.length > 0) {
  const context = await model.createContext({
    sequences: 1,
    contextSize: Math.max(...job.prompts.map((prompt) => prompt.length)) + job.newTokens,
    threads: { ideal: 1, min: 1 },
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
    ignoreMemorySafetyChecks: true,
  });
  const sequence = context.getSequence();
  for (const prompt of job.prompts) {
    await sequence.clearHistory();
    const made: number[] = [];
    for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      made.push(token);
      if (made.length === job.newTokens) break;
    }
    greedy.push(made);
  }
}
answer({
  tokens,
  texts: tokens.map((ids) => model.detokenize(ids, true)),
  greedy,
  special: { bos: model.tokens.bos, eos: model.tokens.eos },
  addsBos: model.tokens.shouldPrependBosToken,
  chatTemplate: model.fileInfo.metadata.tokenizer.chat_template ?? null,
} satisfies LlamaCppAnswer);
