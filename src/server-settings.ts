import { z } from 'zod';
import { PRESETS } from './presets.js';

/** The settings of servers that a run asks: one samples rollouts, one judges labels. */

const count = z.int().min(1);

/** Where rollouts and votes are sampled. */
export const rollouts = z
  .strictObject({
    url: serverAddress('http://127.0.0.1:8000/v1')
      .nullable()
      .describe('OpenAI-compatible server that samples rollouts and votes; null: the workers here do'),
    model: z.string().min(1).nullable().describe("the server's name of the base; null: its only model"),
    concurrency: count.max(4096).describe('requests under way at the server at a time'),
    timeoutSeconds: count.max(86_400).describe('longest that the server may take to answer a request'),
    importanceCap: z
      .number()
      .gt(0)
      .max(1000)
      .describe("upper bound of a token's importance weight, our probability over the server's"),
    lora: z
      .enum(['none', 'vllm'])
      .describe('how the server gets the adapters after each update: not at all, or loaded by name as vLLM does'),
    loraFolder: z.string().min(1).nullable().describe('folder for adapters that the server reads too'),
    stale: z.boolean().describe('allow a server that goes on sampling from the base while the policies learn'),
  })
  .default(PRESETS.tiny.rollouts); // runs stored before there was a choice sampled here

const price = z.number().min(0).max(1e6).nullable();

/** Who says whether pseudo-labels are right. It is measured, and nothing that trains reads it. */
export const oracle = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(200)
      .nullable()
      .describe("model that judges the labels of kept questions that can't be computed; null: those go unjudged"),
    url: serverAddress('https://api.openai.com/v1').describe('OpenAI-compatible server that has the model'),
    exact: z.boolean().describe('compute what can be computed; false: the judge is asked about every kept question'),
    questions: count.max(1_000_000).describe('most questions to judge in an iteration: a sample of more'),
    concurrency: count.max(1024).describe('requests under way at the judge at a time'),
    attempts: count.max(100).describe('times that a question is asked while the judge is full or out of order'),
    timeoutSeconds: count.max(86_400).describe('longest that the judge may take to answer a question'),
    waitSeconds: z.int().min(0).max(604_800).describe('longest that the end of an iteration waits for verdicts'),
    maxTokens: count.max(1_000_000).describe('longest answer of the judge, its reasoning included, in tokens'),
    pricePerMillionInput: price.describe('price of a million tokens of questions; null: cost is told in tokens'),
    pricePerMillionOutput: price.describe('price of a million tokens of answers'),
  })
  .default(PRESETS.tiny.oracle); // runs stored before there was a judge have none

function serverAddress(example: string) {
  return z.string().refine(isServerAddress, `expected an address such as ${example}, with no user or key in it`);
}

/** A key belongs into the environment: settings are stored with the run. */
function isServerAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}
