import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CheckpointError, Interrupted, UsageError } from '../../src/errors.js';
import { type ExportFile, smallFile } from '../../src/export/export-file.js';
import { CARD_MARK } from '../../src/export/model-card.js';
import { checkFile, checkFolder, writeFile, writeFolder } from '../../src/export/write-export.js';
import { temporaryFolder } from '../support/temporary.js';

const quiet = () => ({ signal: new AbortController().signal, onBytes: () => {} });
const CARD = smallFile('README.md', CARD_MARK);
const FILES = [smallFile('config.json', '{}'), smallFile('onnx/model.onnx', 'graph'), CARD];

/** A file whose second chunk can't be made. */
const failing: ExportFile = {
  path: 'model.safetensors',
  sizeBytes: 4,
  *chunks() {
    yield Buffer.from('ab');
    throw new CheckpointError('w has a value that is not finite');
  },
};

test('a folder is written with the folders inside it', async (t) => {
  const folder = join(temporaryFolder(t), 'new', 'exported');
  let written = 0;
  await writeFolder(folder, FILES, { ...quiet(), onBytes: (count) => (written += count) });
  assert.equal(readFileSync(join(folder, 'onnx', 'model.onnx'), 'utf8'), 'graph');
  assert.equal(written, 2 + 5 + CARD_MARK.length);
  assert.deepEqual(readdirSync(join(folder, '..')), ['exported']);
});

test('what fails on its way leaves nothing behind, and keeps its error', async (t) => {
  const parent = temporaryFolder(t);
  await assert.rejects(
    writeFolder(join(parent, 'a'), [...FILES, failing], quiet()),
    /w has a value that is not finite/,
  );
  await assert.rejects(writeFile(join(parent, 'b.gguf'), failing, quiet()), CheckpointError);
  assert.deepEqual(readdirSync(parent), []);
});

test('an export that is stopped leaves nothing behind', async (t) => {
  const parent = temporaryFolder(t);
  const controller = new AbortController();
  const writing = { signal: controller.signal, onBytes: () => controller.abort() };
  await assert.rejects(writeFolder(join(parent, 'a'), FILES, writing), Interrupted);
  assert.deepEqual(readdirSync(parent), []);
});

test('an export that fails leaves the one that it was to replace', async (t) => {
  const folder = join(temporaryFolder(t), 'exported');
  await writeFolder(folder, FILES, quiet());
  checkFolder(folder, true);
  await assert.rejects(writeFolder(folder, [failing], quiet()), CheckpointError);
  assert.deepEqual(readdirSync(folder).toSorted(), ['README.md', 'config.json', 'onnx']);
});

test('an export replaces another whole: no file of the old one stays', async (t) => {
  const folder = join(temporaryFolder(t), 'exported');
  await writeFolder(folder, FILES, quiet());
  checkFolder(folder, true);
  await writeFolder(folder, [CARD], quiet());
  assert.deepEqual(readdirSync(folder), ['README.md']);
  assert.deepEqual(readdirSync(join(folder, '..')), ['exported']);
});

test('what is there is refused without --force, and with it unless it is an export and nothing else', async (t) => {
  const parent = temporaryFolder(t);
  const refuses = (path: string, replace: boolean, sentence: RegExp): void =>
    assert.throws(
      () => checkFolder(path, replace),
      (error) => error instanceof UsageError && sentence.test(error.message),
    );
  const folder = join(parent, 'exported');
  await writeFolder(folder, FILES, quiet());
  refuses(folder, false, /is there already; --force replaces it/);
  checkFolder(folder, true);
  writeFileSync(join(folder, 'thesis.tex'), 'years of work');
  refuses(folder, true, /has thesis\.tex, which no export writes/);

  const model = join(parent, 'model'); // somebody's checkpoint, with a README of its own
  mkdirSync(model);
  writeFileSync(join(model, 'config.json'), '{}');
  writeFileSync(join(model, 'README.md'), '# Mine');
  refuses(model, true, /has no model card of rzero export/);
  refuses(join(model, 'config.json'), true, /is not a folder/);
  checkFolder(join(parent, 'new'), false);
});

test('a file is replaced with --force, a text beside it only where it is a model card', async (t) => {
  const parent = temporaryFolder(t);
  const [file, card, notes] = ['model.gguf', 'model.md', 'notes.md'].map((name) => join(parent, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(file, smallFile('model.gguf', 'GGUF'), quiet());
  await writeFile(card, CARD, quiet());
  writeFileSync(notes, '# Mine');
  assert.throws(() => checkFile(file, false), /--force replaces it/);
  assert.throws(() => checkFile(notes, true), /was not written by rzero export/);
  assert.throws(() => checkFile(parent, true), /is not a file/);
  checkFile(file, true);
  checkFile(card, true);
});

test('a path that leads through a file is one sentence, before anything is done', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  assert.throws(() => checkFolder(join(file, 'out'), false), /a part of its path is a file/);
  await assert.rejects(
    writeFolder(join(file, 'out'), FILES, quiet()),
    (error) => error instanceof CheckpointError && /a part of its path is a file/.test(error.message),
  );
});
