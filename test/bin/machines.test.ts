import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHARTS } from '../../machines/draw.js';
import { rzero } from '../support/command-line.js';
import { temporaryFolder } from '../support/temporary.js';

const NAMES = Object.keys(CHARTS);

test('all charts are one JSON object by name, and each is the same alone', async () => {
  const all = await rzero(['machines']);
  assert.equal(all.code, 0, all.stderr);
  const charts = JSON.parse(all.stdout) as Record<string, unknown>;
  assert.deepEqual(Object.keys(charts), NAMES);
  for (const name of NAMES) assert.deepEqual(JSON.parse((await rzero(['machines', name])).stdout), charts[name]);
});

test('the export is the same each time', async () => {
  for (const format of ['json', 'mermaid', 'scxml']) {
    const args = ['machines', '--format', format];
    assert.equal((await rzero(args)).stdout, (await rzero(args)).stdout);
  }
});

for (const [format, ending] of [
  ['json', 'json'],
  ['mermaid', 'mmd'],
  ['scxml', 'scxml'],
] as const) {
  test(`--out writes a file for each chart as ${format}`, async (t) => {
    const folder = join(temporaryFolder(t), 'new', 'charts');
    const { code, stdout } = await rzero(['machines', '--format', format, '--out', folder]);
    assert.deepEqual([code, stdout], [0, '']);
    assert.deepEqual(readdirSync(folder).sort(), NAMES.map((name) => `${name}.${ending}`).sort());
    for (const name of NAMES)
      assert.equal(
        readFileSync(join(folder, `${name}.${ending}`), 'utf8'),
        (await rzero(['machines', name, '--format', format])).stdout,
      );
  });
}

test('an unknown chart or format is refused with those that there are, and nothing is written', async (t) => {
  const folder = join(temporaryFolder(t), 'charts');
  const wrong = await rzero(['machines', 'verifier', '--out', folder]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /supervisor, challenger, solver, evaluator/);
  assert.equal(existsSync(folder), false);
  assert.match((await rzero(['machines', '--format', 'svg'])).stderr, /json, mermaid, scxml/);
});

test('a folder that can not be written is named', async () => {
  const { code, stderr } = await rzero(['machines', '--out', '/dev/null/charts']);
  assert.equal(code, 2);
  assert.match(stderr, /^rzero: --out \/dev\/null\/charts: can't be written/);
});
