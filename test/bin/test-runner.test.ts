import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runNode } from '../support/command-line.js';
import { clone, write } from '../support/small-clone.js';

/** A clone with a test that passes, one that fails, and a helper that is no test. */
function cloneWithTests(t: TestContext): string {
  const root = clone(t);
  write(root, 'test/good/one.test.ts', "import { test } from 'node:test';\ntest('one is one', () => {});\n");
  write(
    root,
    'test/bad/two.test.ts',
    "import { test } from 'node:test';\ntest('two', () => { throw new Error('two'); });\n",
  );
  write(root, 'test/support/helper.ts', "throw new Error('a helper was run');\nexport {};\n");
  return root;
}

const runTests = (root: string, ...args: readonly string[]) => runNode([join(root, 'bin/test.mjs'), ...args]);

test('all tests are built and run, helpers are not, and one failure fails the whole', async (t) => {
  const { code, stdout } = await runTests(cloneWithTests(t));
  assert.equal(code, 1);
  assert.match(stdout, /^ℹ pass 1$/m);
  assert.match(stdout, /^ℹ fail 1$/m);
  assert.equal(stdout.includes('a helper was run'), false);
});

test('a filter picks the files whose path contains it', async (t) => {
  const { code, stdout } = await runTests(cloneWithTests(t), 'good/');
  assert.equal(code, 0);
  assert.match(stdout, /^ℹ tests 1$/m);
});

test('a filter that fits no file is refused', async (t) => {
  const { code, stdout, stderr } = await runTests(cloneWithTests(t), 'nothing');
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /no test file's path contains "nothing"\n$/);
});
