import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rzero } from '../support/command-line.js';

/** Wrong usage: exit code 2, one line on stderr that names the mend, nothing on stdout. */
const WRONG: readonly (readonly [claim: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown command', ['runn'], /unknown command 'runn' \(did you mean run\?\); see rzero --help/],
  ['a command like no other', ['zzzzzz'], /unknown command 'zzzzzz' \(the nearest is \w+\); see rzero --help/],
  [
    'an unknown flag',
    ['run', '--presett', 'tiny'],
    /unknown option '--presett' \(did you mean --preset\?\); see rzero run --help/,
  ],
  ['a flag like no other', ['show', '--xyzzy'], /unknown option '--xyzzy' \(the nearest is --\w+\)/],
  [
    'an unknown preset',
    ['run', '--preset', 'tny'],
    /unknown preset "tny"; did you mean "tiny"\? There is tiny, smoke, paper/,
  ],
  ['an unknown setting', ['run', '--set', 'rl.solver.lrr=1'], /unknown setting "rl.solver.lrr"; did you mean "lr"\?/],
  ['a --set without a value', ['run', '--set', 'seed'], /--set wants key=value, got "seed"/],
  ['a setting out of range', ['run', '--set', 'rl.solver.lr=7'], /setting rl.solver.lr: .*got 7/],
  [
    'a number that is none',
    ['run', '--iterations', 'three'],
    /'three' is invalid. Expected a whole number of 1 or more/,
  ],
  ['no iterations', ['run', '--iterations', '0'], /Expected a whole number of 1 or more/],
  ['an unknown provider', ['run', '--ep', 'gpu'], /'gpu' is invalid. Allowed choices are cpu, webgpu, cuda/],
  [
    'a configuration file that is not there',
    ['run', '--config', '/nowhere.json'],
    /--config \/nowhere.json: can't be read: ENOENT/,
  ],
  ['too many arguments', ['show', 'a', 'b'], /too many arguments for 'show'/],
  ['a benchmark without a file', ['eval', '--benchmark', 'gpt3-arithmetic'], /--benchmark wants NAME=FILE/],
  [
    'an unknown benchmark',
    ['eval', '--benchmark', 'gpt-arithmetic=x'],
    /unknown benchmark .*did you mean "gpt3-arithmetic"/,
  ],
  ['a run without its iteration', ['eval', '--run', 'r7f3k2'], /--run wants ID@ITERATION, got "r7f3k2"/],
  [
    'a model and a run at once',
    ['eval', '--run', 'a@1', '--model', 'b'],
    /'--model <dir>' cannot be used with option '--run/,
  ],
  ['a file of answers that is not there', ['grade', '--in', '/nowhere.jsonl'], /\/nowhere.jsonl can't be read: ENOENT/],
];

for (const [claim, args, says] of WRONG) {
  test(`${claim} is refused with its mend`, async () => {
    const { code, stdout, stderr } = await rzero(args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.match(stderr, /^rzero: .*\n$/);
  });
}

test('no command at all shows the help on stderr and exits with 2', async () => {
  const { code, stdout, stderr } = await rzero([]);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^Usage: rzero/);
});

test('a configuration file that is no object of settings is refused', async (t) => {
  const file = temporaryFile(t, 'config.json', '[1, 2]');
  const { code, stderr } = await rzero(['run', '--config', file]);
  assert.equal(code, 2);
  assert.match(stderr, /expected a JSON object of settings/);
});

test('a configuration file with a broken line is refused with its place', async (t) => {
  const file = temporaryFile(t, 'config.json', '{"seed": 1,}');
  const { code, stderr } = await rzero(['run', '--config', file]);
  assert.equal(code, 2);
  assert.match(stderr, /config.json: expected JSON: .*position 11/);
});

test('a preset named in the configuration file is the preset, so its other settings are checked against it', async (t) => {
  const file = temporaryFile(t, 'config.json', '{"preset": "papr"}');
  const { code, stderr } = await rzero(['run', '--config', file]);
  assert.equal(code, 2);
  assert.match(stderr, /unknown preset "papr"; did you mean "paper"/);
});

test('a database that is not there is a failure, not wrong usage', async () => {
  const { code, stdout, stderr } = await rzero(['history', '--db', '/nowhere/rzero.db']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^rzero: there is no folder \/nowhere for the database/);
});

test('run --help lists each preset, and each setting with its value in tiny', async () => {
  const { code, stdout } = await rzero(['run', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /^Examples:\n {2}rzero run/m);
  for (const preset of ['tiny', 'smoke', 'paper']) assert.match(stdout, new RegExp(`^ {2}${preset} {2,}`, 'm'));
  assert.match(stdout, /^rl\.solver\.rollouts +8 +answers per question: the group$/m);
});

test('each command has help with examples', async () => {
  const names = [
    'resume',
    'history',
    'show',
    'eval',
    'sample',
    'score',
    'grade',
    'pretrain',
    'finetune',
    'quantise',
    'doctor',
    'bench',
  ];
  const helps = await Promise.all(names.map((name) => rzero([name, '--help'])));
  assert.deepEqual(
    helps.map(({ code, stdout }) => code === 0 && stdout.includes('Examples:\n')),
    names.map(() => true),
  );
});

function temporaryFile(t: { after(clean: () => void): void }, name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'rzero-usage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
