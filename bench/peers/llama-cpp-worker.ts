import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from './job.js';
import { ggufFile } from './model-files.js';
import { type Engine, logprobOf, serve } from './worker.js';

/**
 * llama.cpp through node-llama-cpp: one context with `settings.batch` sequences, which the library batches by itself.
 * The samples of a prompt follow each other on one sequence where there are enough prompts, so that the prompt's keys
 * and values are computed once for them.
 */
await serve(load);

/** What is used of node-llama-cpp's types: it is not a dependency. */
interface Library {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<Model> }>;
}
interface Model {
  createContext(options: object): Promise<{ getSequence(): Sequence }>;
}
interface Sequence {
  clearHistory(): Promise<void>;
  adaptStateToTokens(tokens: readonly number[], allowShift: boolean): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterable<number>;
  controlledEvaluate(
    input: readonly (readonly [number, object])[],
  ): Promise<readonly ({ readonly next: { readonly logits?: ReadonlyMap<number, number> } } | undefined)[]>;
}

async function load(job: Job): Promise<Engine> {
  const file = join(job.peerFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  const library = (await import(pathToFileURL(file).href)) as Library;
  const { threads, batch, cache, attention } = job.settings;
  const llama = await library.getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
    logLevel: 'error',
    progressLogs: false,
  });
  const model = await llama.loadModel({ modelPath: ggufFile(job.modelFolder), ignoreMemorySafetyChecks: true });
  const context = await model.createContext({
    sequences: batch,
    contextSize: (job.prompts[0]?.length ?? 0) + job.newTokens,
    batchSize: Math.max(512, batch),
    threads: { ideal: threads, min: threads },
    flashAttention: attention === 'flash',
    experimentalKvCacheKeyType: cache,
    experimentalKvCacheValueType: cache,
    ignoreMemorySafetyChecks: true,
  });
  const sequences = Array.from({ length: batch }, () => context.getSequence());
  let seed = 1;
  return {
    agree: async ({ prompts, continuations, newTokens }) => {
      const [sequence] = sequences as [Sequence];
      const [greedy, logprobs] = [[] as number[][], [] as number[][]];
      for (const [i, prompt] of prompts.entries()) {
        await sequence.clearHistory();
        greedy.push(await continued(sequence, prompt, newTokens, { temperature: 0 }));
        await sequence.clearHistory();
        logprobs.push(await forced(sequence, prompt, continuations[i] ?? []));
      }
      return { greedy, logprobs };
    },
    decode: async ({ prompts, samples, newTokens }) => {
      // A sequence takes so many samples of a prompt in a row that all sequences have work.
      const run = Math.max(1, Math.min(samples, Math.floor((prompts.length * samples) / batch)));
      const turns = prompts.flatMap((prompt) => {
        const counts = Array.from({ length: Math.ceil(samples / run) }, (_, i) => Math.min(run, samples - i * run));
        return counts.map((count) => ({ prompt, count }));
      });
      const sample = { temperature: 1, topK: 0, topP: 1, minP: 0 };
      const seat = async (sequence: Sequence): Promise<void> => {
        for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
          await sequence.clearHistory();
          for (let i = 0; i < turn.count; i++) {
            // Of the sample before, only the prompt stays; its last token is evaluated again, for its logits.
            if (i > 0) await sequence.adaptStateToTokens(turn.prompt.slice(0, -1), false);
            const rest = i > 0 ? turn.prompt.slice(-1) : turn.prompt;
            await continued(sequence, rest, newTokens, { ...sample, seed: seed++ });
          }
        }
      };
      await Promise.all(sequences.map(seat));
      return prompts.length * samples * newTokens;
    },
    train: () => Promise.reject(new Error('llama.cpp does not train')),
  };
}

async function continued(sequence: Sequence, tokens: readonly number[], count: number, options: object) {
  const made: number[] = [];
  for await (const token of sequence.evaluate(tokens, options)) {
    made.push(token);
    if (made.length === count) break;
  }
  return made;
}

/** Log-probability of each token of `continuation` after the ones before it. */
async function forced(sequence: Sequence, prompt: readonly number[], continuation: readonly number[]) {
  const input = [...prompt, ...continuation].map((token) => [token, { generateNext: { logits: true } }] as const);
  const output = await sequence.controlledEvaluate(input);
  return continuation.map((token, i) => {
    const scores = output[prompt.length + i - 1]?.next.logits ?? new Map<number, number>();
    const dense = new Float64Array(scores.size);
    for (const [id, logit] of scores) dense[id] = logit;
    return logprobOf(dense, token);
  });
}
