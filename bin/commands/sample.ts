import type { Command } from 'commander';
import { UsageError } from '../../src/errors.js';
import {
  defineCommand,
  jsonOption,
  modelOption,
  providerOption,
  repeated,
  seedOption,
  share,
  temperature,
  wholeNumber,
} from '../options.js';
import { readLines } from '../terminal/json-lines.js';
import { printJson, printText } from '../terminal/output.js';

interface SampleFlags {
  readonly model: string;
  readonly prompt: readonly string[];
  readonly chat?: true;
  readonly thinking: boolean;
  readonly n: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly ep: 'cpu' | 'webgpu' | 'cuda';
  readonly json?: true;
}

/** `sample`: completions of prompts. */
export function addSample(program: Command): void {
  defineCommand(program, 'sample', 'sample completions of prompts from a model', [
    `rzero sample --prompt '<q>What is 45 plus 17?<a>' --n 4`,
    `rzero sample --prompt '<q>' --n 10                     questions, as the Challenger writes them`,
    'rzero sample --temperature 0 --json < prompts.txt      one prompt a line; {prompt, completions} for each',
    "rzero sample --model ./Qwen3-0.6B --chat --prompt 'What is 12 times 13?'",
  ])
    .addOption(modelOption().default('tiny'))
    .option(
      '--prompt <text>',
      'what to complete; may be given several times; else each line of stdin is one',
      repeated,
      [],
    )
    .option('--chat', "a prompt is a user's message, put through the checkpoint's chat template")
    .option('--no-thinking', 'with --chat: asks for an answer without thinking, where the template knows that (Qwen3)')
    .option('--n <count>', 'completions of each prompt', wholeNumber(1), 1)
    .option('--temperature <t>', 'sampling temperature; 0 takes the likeliest token each time', temperature, 1)
    .option('--top-p <share>', 'the smallest set of likeliest tokens that holds this share; 1 keeps all', share, 1)
    .option('--top-k <n>', 'the likeliest tokens kept; 0 keeps all', wholeNumber(0), 0)
    .option('--min-p <share>', 'cut tokens less likely than this share of the likeliest; 0 keeps all', share, 0)
    .option('--stop <text>', 'a text that ends a completion; may be given several times', repeated, [])
    .option('--max-tokens <n>', 'longest completion, in tokens', wholeNumber(1), 128)
    .addOption(seedOption().default(0))
    .addOption(providerOption().default('cpu'))
    .addOption(jsonOption('print {prompt, completions} as JSON lines, one for each prompt'))
    .action(async (flags: SampleFlags) => {
      const prompts = flags.prompt.length > 0 ? flags.prompt : await promptsFromStdin();
      const { sample } = await import('../../actors/sample.js');
      const { model, n: count, maxTokens, seed, ep: executionProvider, stop } = flags;
      const { temperature, topP, topK, minP } = flags;
      if (topP === 0) throw new UsageError('--top-p 0 keeps no token; give a share above 0, up to 1');
      if (stop.includes('')) throw new UsageError('--stop wants a text that is not empty');
      if (!flags.thinking && flags.chat !== true) throw new UsageError('--no-thinking wants --chat beside it');
      const choice = { temperature, topP, topK, minP };
      const chat = flags.chat === true ? { enableThinking: flags.thinking ? null : false } : null;
      const settings = { model, chat, count, choice, stops: stop, maxTokens, seed, executionProvider };
      for await (const { prompt, completions } of sample({ ...settings, prompts })) {
        if (flags.json) printJson({ prompt, completions });
        else for (const completion of completions) printText(completion);
      }
    });
}

async function promptsFromStdin(): Promise<readonly string[]> {
  const wanted = 'nothing to complete: give --prompt TEXT, or prompts on stdin, one a line';
  if (process.stdin.isTTY) throw new UsageError(wanted);
  const prompts: string[] = [];
  for await (const { text } of readLines(process.stdin, 'stdin')) prompts.push(text);
  if (prompts.length === 0) throw new UsageError(wanted);
  return prompts;
}
