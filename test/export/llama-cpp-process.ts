import { type LlamaSequence, llamaSequences, loadLlama } from '../support/llama-library.js';
import { answer, type LlamaCppAnswer, type LlamaCppJob, readJob } from './peers.js';

/** llama.cpp's tokens and greedy continuations. */

const job = await readJob<LlamaCppJob>();
const { model } = await loadLlama(job.package, job.file);
const tokens = job.texts.map((text) => model.tokenize(text, true));
const greedy: number[][] = [];
if (job.prompts.length > 0) {
  const contextSize = Math.max(...job.prompts.map((prompt) => prompt.length)) + job.newTokens;
  const [sequence] = (await llamaSequences(model, 1, contextSize)) as [LlamaSequence];
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
