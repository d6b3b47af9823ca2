import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { configFromFlags, type RunFlags } from '../bin/options.js';
import { createProgram } from '../bin/program.js';

/**
 * What the README and the pages of docs/ say can be typed. Every line of their sh blocks that begins with rzero goes through the program's own parser,
 * with each command's work taken out: a flag, value, preset or setting that does not exist fails. What the commands
 * do is tested elsewhere, with files and databases that are there.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url)); // from dist/test
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const DOCS = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = [README, ...DOCS.map((name) => readFileSync(join(ROOT, 'docs', name), 'utf8'))].join('\n');
const LINES = [...PAGES.matchAll(/^```sh\n(?<block>[\s\S]*?)^```$/gm)].flatMap(({ groups }) =>
  (groups?.['block'] ?? '').trimEnd().replaceAll('\\\n', ' ').split('\n'),
);
const COMMANDS = LINES.flatMap((line) => pipeline(line)).filter(([program = '']) =>
  /^(\.\/bin\/)?rzero$/.test(program),
);

test('the README has commands to type', () => {
  assert.ok(COMMANDS.length >= 5);
});

for (const [, ...args] of COMMANDS) {
  test(`the program takes: rzero ${args.join(' ')}`, async () => {
    const program = idle(createProgram());
    await program.parseAsync(args, { from: 'user' });
    const [name] = args;
    const command = program.commands.find((each) => each.name() === name);
    if (name === 'run') configFromFlags(command?.opts<RunFlags>() ?? { set: [] });
  });
}

test('every npm script that the README names is there', () => {
  const content = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const named = LINES.flatMap((line) => /^npm (?:run )?([\w:-]+)/.exec(line)?.[1] ?? []).filter(
    (name) => name !== 'ci',
  );
  assert.deepEqual(
    named.filter((name) => !(name in content.scripts)),
    [],
  );
});

test('every file that the README links to is there', () => {
  const links = [...README.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
  assert.deepEqual(
    links.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test('the README fits in 250 lines', () => {
  assert.ok(README.split('\n').length <= 250);
});

/** The program with no command doing anything. */
function idle(program: Command): Command {
  for (const command of program.commands) command.action(() => {});
  return program;
}

/** The words of each command of a shell line: quotes are taken off, redirections and comments left out. */
function pipeline(line: string): readonly (readonly string[])[] {
  const words = line.match(/'[^']*'|"[^"]*"|#.*|[|&;<>]+|[^\s|&;<>'"]+/g) ?? [];
  const commands: string[][] = [[]];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word.startsWith('#')) break;
    if (/^[<>]/.test(word)) i++;
    else if (/^[|&;]/.test(word)) commands.push([]);
    else commands.at(-1)?.push(word.replace(/^(['"])(.*)\1$/, '$2'));
  }
  return commands;
}
