import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { runNode } from '../support/command-line.js';

/** Other engines in processes of their own: they bring native libraries that do not share one with ours. */

export interface LlamaCppJob {
  /** Folder of node-llama-cpp. */
  readonly package: string;
  readonly file: string;
  /** Cut into tokens, names of special tokens as such. */
  readonly texts: readonly string[];
  /** Continued greedily. */
  readonly prompts: readonly (readonly number[])[];
  readonly newTokens: number;
}
export interface LlamaCppAnswer {
  readonly tokens: readonly (readonly number[])[];
  /** Each text's tokens as text again. */
  readonly texts: readonly string[];
  readonly greedy: readonly (readonly number[])[];
  readonly special: { readonly bos: number | null; readonly eos: number | null };
  readonly addsBos: boolean;
  readonly chatTemplate: string | null;
}

export interface TransformersJob {
  /** Folder of @huggingface/transformers. */
  readonly package: string;
  readonly folder: string;
  readonly prompts: readonly string[];
  readonly newTokens: number;
}
export interface TransformersAnswer {
  readonly prompts: readonly (readonly number[])[];
  readonly greedy: readonly (readonly number[])[];
  /** The continuations as text. */
  readonly texts: readonly string[];
}

export const askLlamaCpp = (job: LlamaCppJob): Promise<LlamaCppAnswer> => ask('llama-cpp-process.js', job);
export const askTransformers = (job: TransformersJob): Promise<TransformersAnswer> =>
  ask('transformers-process.js', job);

async function ask<Answer>(program: string, job: object): Promise<Answer> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const { code, stdout, stderr } = await runNode([path], JSON.stringify(job));
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Answer;
}

/** The job on standard input. */
export async function readJob<Job>(): Promise<Job> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as Job;
}

/** Prints the answer and ends: some engines keep handles open. */
export function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit(0));
}
