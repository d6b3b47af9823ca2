import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { usualPreset } from '../../actors/model.js';
import { temporaryFolder } from '../support/temporary.js';
import { TINY } from './support.js';

test('the embedded model and its like have the preset tiny, all others that of the paper', (t) => {
  const folder = temporaryFolder(t);
  cpSync(TINY, folder, { recursive: true });
  assert.equal(usualPreset('tiny'), 'tiny');
  assert.equal(usualPreset(folder), 'tiny');

  const path = join(folder, 'tokenizer.json');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"<w>"', '"<working>"')); // a token less of the embedded language
  assert.equal(usualPreset(folder), 'paper');
  rmSync(path);
  assert.equal(usualPreset(folder), 'paper');
});
