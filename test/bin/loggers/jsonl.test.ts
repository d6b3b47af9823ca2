import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJsonLines, readLog } from '../../../bin/loggers/jsonl.js';
import type { LogRecord } from '../../../bin/loggers/log-record.js';
import { UsageError } from '../../../src/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

const record = (step: number, runId = 'r1'): LogRecord => ({
  runId,
  wallTime: 1700000000.5,
  step,
  iteration: 1,
  scalars: { 'solver/loss': 0.25 },
  histograms: {},
  config: null,
});
const LINE = '{"run_id":"r1","wall_time":1700000000.5,"step":1,"iteration":1,"solver/loss":0.25}\n';

test('a record is a line, and a second run stands behind the first', (t) => {
  const file = join(temporaryFolder(t), 'log.jsonl');
  const first = openJsonLines(file, 'r1');
  first.write(record(1));
  first.close();
  const second = openJsonLines(file, 'r2');
  assert.equal(second.recordCount, 0);
  second.write(record(7, 'r2'));
  second.close();
  assert.equal(readFileSync(file, 'utf8'), `${LINE}${LINE.replace('r1', 'r2').replace('"step":1', '"step":7')}`);
  const again = openJsonLines(file, 'r1');
  assert.equal(again.recordCount, 1);
  again.close();
});

test('wherever the last line was cut, it is cut off, and what follows begins a line', (t) => {
  const file = join(temporaryFolder(t), 'log.jsonl');
  for (let cut = 1; cut < LINE.length - 1; cut++) {
    writeFileSync(file, `${LINE}${LINE.slice(0, cut)}`);
    const log = openJsonLines(file, 'r1');
    assert.equal(log.recordCount, 1);
    log.write(record(1));
    log.close();
    assert.equal(readFileSync(file, 'utf8'), `${LINE}${LINE}`, `cut at ${cut}`);
  }
});

test('a whole line that lacks only its end stays', (t) => {
  const file = join(temporaryFolder(t), 'log.jsonl');
  writeFileSync(file, LINE.trimEnd());
  const log = openJsonLines(file, 'r1');
  assert.equal(log.recordCount, 1);
  log.write(record(1));
  log.close();
  assert.equal(readFileSync(file, 'utf8'), `${LINE}${LINE}`);
});

test("a file that is no log is refused, and left as it is: what isn't ours is not cut", (t) => {
  const file = join(temporaryFolder(t), 'notes.txt');
  for (const text of ['Dear diary', `${LINE}{"other": `, 'one\ntwo\n', '[1]\n']) {
    writeFileSync(file, text);
    assert.throws(() => openJsonLines(file, 'r1'), UsageError);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
  assert.throws(() => readLog(file), /notes\.txt line 1 is no JSON object/);
});
