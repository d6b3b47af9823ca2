import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { defineCommand, jsonOption, modelOption, providerOption } from '../options.js';
import { parseLine, readLines } from '../terminal/json-lines.js';
import { printJson } from '../terminal/output.js';

interface ScoreFlags {
  readonly model: string;
  readonly in?: string;
  readonly ep: 'cpu' | 'webgpu' | 'cuda';
}

/** `score`: log-probabilities of given completions. */
export function addScore(program: Command): void {
  defineCommand(program, 'score', 'log-probabilities of completions: JSON lines {prompt, completion} in', [
    `echo '{"prompt": "<q>What is 2 plus 2?<a>", "completion": "\\\\boxed{4}<eos>"}' | rzero score`,
    'rzero score --model ./my-model --in pairs.jsonl > logprobs.jsonl',
  ])
    .addOption(modelOption().default('tiny'))
    .option('--in <file>', 'read this file instead of stdin')
    .addOption(providerOption().default('cpu'))
    .addOption(jsonOption('the output is JSON lines with or without it'))
    .addHelpText(
      'after',
      `
Each line gives {"prompt_tokens": [ids], "tokens": [ids], "logprobs": [numbers]}: the natural log-probability of each
completion token at temperature 1. A line that is no such JSON ends the command with its number and exit code 1.`,
    )
    .action(async (flags: ScoreFlags) => {
      const { score } = await import('../../actors/score.js');
      // Opened last: a file that is not there is told by the stream, and only to who listens by then.
      const input = flags.in === undefined ? process.stdin : createReadStream(flags.in);
      const pairs = readPairs(input, flags.in ?? 'stdin');
      for await (const row of score({ model: flags.model, executionProvider: flags.ep, pairs })) printJson(row);
    });
}

const pairLine = z.object({ prompt: z.string(), completion: z.string() });

async function* readPairs(input: NodeJS.ReadStream | ReturnType<typeof createReadStream>, name: string) {
  for await (const { text, number } of readLines(input, name)) yield parseLine(text, number, name, pairLine);
}
