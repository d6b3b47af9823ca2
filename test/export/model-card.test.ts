import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asMarkdown, markdownTable } from '../../src/export/markdown.js';
import { EXPORT_FORMATS, type ModelCard, modelCard, type RunLineage } from '../../src/export/model-card.js';

const RUN: RunLineage = {
  id: 'r7f3k2',
  iteration: 2,
  role: 'solver',
  preset: 'tiny',
  seed: 7,
  startedAt: '2026-01-02T03:04:05.000Z',
  version: '0.1.0',
  trained: 'all weights',
  settings: [{ path: 'rl.solver.lr', preset: '0.0002', run: '0.001' }],
  checkpoints: [
    { iteration: 1, step: 60, sha256: 'a'.repeat(64) },
    { iteration: 2, step: 60, sha256: 'b'.repeat(64) },
  ],
};
const CARD: ModelCard = {
  format: 'safetensors',
  dtype: 'bf16',
  base: { name: 'Qwen3-4B-Base', hubName: 'Qwen/Qwen3-4B-Base', quantized: false },
  run: RUN,
  scores: [
    {
      benchmark: 'two_digit_addition',
      metric: 'greedy',
      items: 100,
      base: { score: 60, stderr: 3 },
      after: { score: 80.04, stderr: 4 },
    },
    { benchmark: 'sort', metric: 'greedy', items: 1, base: { score: 100, stderr: null }, after: null },
  ],
  version: '0.2.0',
};

/** The cells of each table's row that begins so. */
const rowsOf = (card: string, first: string): string[][] =>
  card
    .split('\n')
    .filter((line) => line.startsWith(`| ${first} |`))
    .map((line) => line.slice(2, -2).split(' | '));

test('a card tells the lineage: base, run, role, preset, seed, settings and hashes', () => {
  const card = modelCard(CARD);
  assert.match(card, /^# Qwen3-4B-Base, solver of run r7f3k2 after iteration 2$/m);
  assert.deepEqual(rowsOf(card, 'base model'), [['base model', 'Qwen/Qwen3-4B-Base']]);
  assert.deepEqual(rowsOf(card, 'run'), [['run', 'r7f3k2, begun on 2026-01-02 with rzero 0.1.0']]);
  assert.deepEqual(rowsOf(card, 'preset'), [['preset', 'tiny']]);
  assert.deepEqual(rowsOf(card, 'seed'), [['seed', '7']]);
  assert.deepEqual(rowsOf(card, 'trained'), [['trained', 'all weights']]);
  assert.deepEqual(rowsOf(card, 'rl.solver.lr'), [['rl.solver.lr', '0.0002', '0.001']]);
  assert.deepEqual(rowsOf(card, '2'), [['2', '60', 'b'.repeat(64)]]);
  assert.deepEqual(rowsOf(card, 'exported by'), [['exported by', 'rzero 0.2.0']]);
});

test('scores stand beside those of the base, each with its standard error where it has one', () => {
  const card = modelCard(CARD);
  // 80.04 − 60 = 20.04; √(3² + 4²) = 5
  assert.deepEqual(rowsOf(card, 'two_digit_addition'), [
    ['two_digit_addition', 'greedy', '100', '60.0 ± 3.0', '80.0 ± 4.0', '+20.0 ± 5.0'],
  ]);
  assert.deepEqual(rowsOf(card, 'sort'), [['sort', 'greedy', '1', '100.0', '', '']]);
});

test('the base itself has no column of gains', () => {
  const card = modelCard({ ...CARD, run: { ...RUN, iteration: 0, checkpoints: [] } });
  assert.deepEqual(rowsOf(card, 'two_digit_addition'), [['two_digit_addition', 'greedy', '100', '60.0 ± 3.0']]);
  assert.match(card, /None: these are the weights of the base/);
});

test("a Challenger's card says whose scores they are", () => {
  assert.match(modelCard({ ...CARD, run: { ...RUN, role: 'challenger' } }), /Of the same run's Solver/);
});

test('the front matter names the library, and the base only where the Hub has it', () => {
  const front = (card: ModelCard): string => /^---\n([\s\S]*?)\n---\n/.exec(modelCard(card))?.[1] ?? '';
  assert.match(front(CARD), /^base_model: "Qwen\/Qwen3-4B-Base"\nbase_model_relation: finetune\n/);
  assert.match(front({ ...CARD, format: 'adapter' }), /relation: adapter\nlibrary_name: peft\n/);
  assert.doesNotMatch(front({ ...CARD, base: { name: 'mine', hubName: null, quantized: false } }), /base_model/);
  for (const format of EXPORT_FORMATS)
    assert.match(front({ ...CARD, format }), /library_name: \S+\npipeline_tag: text-generation\ntags:\n- rzero\n/);
});

/** What a reader of Markdown sees of escaped text. */
const shown = (markdown: string): string => markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');

test('hostile text comes out as it is, on one line, with nothing that Markdown would take for its own', () => {
  const marks = fc.constantFrom(
    ...[
      '|',
      '\\',
      '`',
      '<script>',
      '-->',
      '[a](http://x)',
      'www.evil.com',
      'https://x',
      '*',
      '_',
      '~',
      '&lt;',
      '\n',
      '\u202e',
    ],
  );
  const text = fc
    .array(fc.oneof(marks, fc.string({ unit: 'binary' })), { maxLength: 6 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (hostile) => {
      const safe = asMarkdown(hostile);
      const line = hostile.replace(/[\n\r\t]+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
      if ([...line].length <= 300) assert.equal(shown(safe), line);
      const bare = safe.replace(/\\[!-/:-@[-`{-~]/g, '');
      assert.doesNotMatch(bare, /[|<>`*[\]&\\\n]|:\/\/|www\./i);
      assert.equal(markdownTable(['a'], [[safe]]).split('\n').length, 3);
    }),
    { numRuns: 1000 },
  );
});

test('text without an end is cut', () => {
  assert.equal([...asMarkdown('𝔸'.repeat(5000))].length, 301);
});

test('no text of a run makes a heading, a tag, a link or front matter of its own', () => {
  const evil = '|\n---\n# owned\n<img src=x onerror=alert(1)>[x](http://evil)`';
  const card = modelCard({
    ...CARD,
    base: { name: evil, hubName: null, quantized: false },
    run: {
      ...RUN,
      id: evil,
      role: evil,
      preset: evil,
      startedAt: evil,
      version: evil,
      trained: evil,
      settings: [{ path: evil, preset: evil, run: evil }],
      checkpoints: [{ iteration: 1, step: 1, sha256: evil }],
    },
    scores: [{ benchmark: evil, metric: evil, items: 1, base: null, after: null }],
    version: evil,
  });
  const honest = modelCard(CARD);
  const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  for (const pattern of [/^#/gm, /^---/gm, /(?<!\\)</g, /(?<!\\)\[[^\]]*\]\(/g])
    assert.equal(count(card, pattern), count(honest, pattern));
});
