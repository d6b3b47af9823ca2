import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generalBenchmark } from '../../src/benchmarks/general.js';
import { generatedSuite } from '../../src/benchmarks/suite.js';
import { lastBoxed } from '../../src/grading/boxed.js';
import { documentAt, PLAIN_CORPUS } from '../../src/pretraining/corpus.js';
import { GENERAL_TASK_NAMES } from '../../src/pretraining/general.js';
import { heldOut } from '../../src/pretraining/held-out.js';

test('every general task has distinct held-out questions', () => {
  for (const name of GENERAL_TASK_NAMES) {
    const { items, domain } = generalBenchmark(name, 200, 0);
    assert.equal(domain, 'general');
    assert.equal(new Set(items.map(({ question }) => question)).size, 200);
    assert.ok(items.every(({ question }) => heldOut(question)));
  }
});

test('a large corpus has none of the items', () => {
  const evaluated = new Set(
    GENERAL_TASK_NAMES.flatMap((name) => generalBenchmark(name, 400, 5).items.map((item) => item.question)),
  );
  for (const long of [false, true]) {
    for (let index = 0; index < 15_000; index++) {
      const { question } = documentAt({ ...PLAIN_CORPUS, general: 1, long }, 2, index);
      assert.ok(!evaluated.has(question), question);
    }
  }
});

test('the answers are spelled as the corpus boxes them', () => {
  const documents = Array.from({ length: 2000 }, (_, index) => documentAt({ ...PLAIN_CORPUS, general: 1 }, 4, index));
  for (const { text, answer } of documents) assert.equal(lastBoxed(text), answer);
  assert.deepEqual(
    new Set(generalBenchmark('boolean_expressions', 50, 1).items.map(({ answer }) => answer)),
    new Set(['True', 'False']),
  );
});

test('the generated suite has ten tasks of arithmetic and five general ones', () => {
  const suite = generatedSuite(4, 9);
  assert.equal(suite.filter(({ domain }) => domain === 'math').length, 10);
  assert.equal(suite.filter(({ domain }) => domain === 'general').length, 5);
  assert.ok(suite.every(({ items, file }) => items.length === 4 && file === null));
  assert.deepEqual(suite, generatedSuite(4, 9));
});
