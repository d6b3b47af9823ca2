import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { z } from 'zod';
import { lastBoxed } from '../../src/grading/boxed.js';
import { withGrading } from '../../src/workers/grading-pool.js';
import { defineCommand, jsonOption } from '../options.js';
import { mapJsonLineBatches, mapJsonLines } from '../terminal/json-lines.js';

interface GradeFlags {
  readonly in?: string;
  readonly extract?: true;
}

/** `grade`: the grader by itself, on JSON lines. */
export function addGrade(program: Command): void {
  defineCommand(program, 'grade', 'grade answers: JSON lines {gold, answer} in, {equal} out', [
    `echo '{"gold": "1/2", "answer": "0.5"}' | rzero grade          {"equal":true}`,
    `echo '{"text": "so \\\\boxed{7}"}' | rzero grade --extract      {"boxed":"7"}`,
    'rzero grade --in answers.jsonl > verdicts.jsonl                one line out for each line in',
  ])
    .option('--in <file>', 'read this file instead of stdin')
    .option('--extract', 'JSON lines {text} in, {boxed} out: the content of the last \\boxed{}, or null')
    .addOption(jsonOption('the output is JSON lines with or without it'))
    .addHelpText('after', '\nA line that is no such JSON ends the command with its number and exit code 1.')
    .action(async (flags: GradeFlags) => {
      const input = flags.in === undefined ? process.stdin : createReadStream(flags.in);
      const name = flags.in ?? 'stdin';
      if (flags.extract) await mapJsonLines(input, name, textLine, ({ text }) => ({ boxed: lastBoxed(text) }));
      else await gradePairs(input, name);
    });
}

/** In a thread that can be ended: no line can hold up the others. */
function gradePairs(input: Readable, name: string): Promise<void> {
  return withGrading((grading) =>
    mapJsonLineBatches(input, name, answerLine, async (pairs) =>
      (await grading.run('grade', pairs)).map((equal) => ({ equal })),
    ),
  );
}

const answerLine = z.object({ gold: z.string(), answer: z.string() });
const textLine = z.object({ text: z.string() });
