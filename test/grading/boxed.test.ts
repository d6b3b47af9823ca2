import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { boxCount, lastBoxed } from '../../src/grading/boxed.js';

interface Case {
  readonly kind: 'equal' | 'boxed';
  readonly text: string;
  readonly boxed: string | null;
  readonly why: string;
}

const cases = readFileSync('test/grading/cases.jsonl', 'utf8')
  .trimEnd()
  .split('\n')
  .map((line, index) => ({ ...(JSON.parse(line) as Case), line: index + 1 }))
  .filter((entry) => entry.kind === 'boxed');

for (const { line, text, boxed, why } of cases) {
  test(`case ${line}: the box of ${JSON.stringify(text.slice(0, 50))} (${why})`, () => {
    assert.equal(lastBoxed(text), boxed);
  });
}

test('what is put in a box comes out of it, whatever stands before', () => {
  const content = fc.string().map((text) => text.replace(/[\\{}]/g, '').trim());
  fc.assert(
    fc.property(fc.string(), content, (before, inside) => lastBoxed(`${before} \\boxed{${inside}}`) === inside),
  );
});

test('boxes are counted, other commands are not', () => {
  assert.equal(boxCount('\\boxed{1} \\fbox{2} \\boxedx{3} boxed{4}'), 2);
});
