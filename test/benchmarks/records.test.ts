import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileRecords } from '../../src/benchmarks/records.js';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'utf8'));
const valuesOf = async (content: Uint8Array<ArrayBuffer>): Promise<unknown[]> =>
  [...(await fileRecords(content, 'f'))].map((record) => ('value' in record ? record.value : record.error.message));

/** Two rows {question, answer}, Snappy, as hyparquet-writer 0.9 wrote them. */
const PARQUET =
  'UEFSMRUGFWIVZlwVBBUAFQQVABUEFQAAAAMDL7gVAAAASG93IG1hbnkgYXJlIDYgYW5kIDc/EgAAAFdpZSB2aWVsZT8gIMOkw7bDvBUGFVgVWlwVBBUAFQQVABUEFQAAAAMDKiQYAAAANis3PTw8AQZsMTM+PjEzCiMjIyMgMTMKAAAAIyMjIyAxLDAwMBUEGTxIBHJvb3QVBAAVDCUCGAhxdWVzdGlvbiUAABUMJQIYBmFuc3dlciUAABYEGRwZLCYIHBUMGRUAGRgIcXVlc3Rpb24VAhYEFowBFpABJgg8NgAoEFdpZSB2aWVsZT8gIMOkw7cYEEhvdyBtYW55IGFyZSA2IGESEgAZHBUGFQAVAgAAACaYARwVDBkVABkYBmFuc3dlchUCFgQWggEWhAEmmAE8NgAoEDYrNz08PDYrNz0xMz4+MTQYCiMjIyMgMSwwMDASABkcFQYVABUCAAAAFo4CFgQ2lAIAKAloeXBhcnF1ZXQZLBwAABwAAADxAAAAUEFSMQ==';

test('the rows of a Parquet file are records', async () => {
  assert.deepEqual(await valuesOf(new Uint8Array(Buffer.from(PARQUET, 'base64'))), [
    { question: 'How many are 6 and 7?', answer: '6+7=<<6+7=13>>13\n#### 13' },
    { question: 'Wie viele?  äöü', answer: '#### 1,000' },
  ]);
});

test('a Parquet file that was cut or damaged is refused', async () => {
  const whole = Buffer.from(PARQUET, 'base64');
  const refused = (content: Buffer, message: RegExp) =>
    assert.rejects(fileRecords(new Uint8Array(content), 'f.parquet'), { name: 'BenchmarkFileError', message });
  await refused(whole.subarray(0, 200), /^f\.parquet: it is cut/);
  await refused(Buffer.concat([whole.subarray(0, 150), whole.subarray(300)]), /can not be read as Parquet/);
});

test('a list, an object with examples, and JSON lines give the same records', async () => {
  const records = [{ input: 'a ] } "' }, { input: 'b' }];
  for (const content of [
    JSON.stringify(records),
    JSON.stringify(records, null, 2),
    JSON.stringify({ canary: 'examples', examples: records }),
    JSON.stringify({ examples: records }, null, 1),
    `{"examples": [\n${records.map((record) => JSON.stringify(record)).join(',\n')}]}`,
    records.map((record) => JSON.stringify(record)).join('\n'),
  ]) {
    assert.deepEqual(await valuesOf(bytes(content)), records, content);
  }
});

test('the elements of a list have the lines where they begin', async () => {
  const content = '[\n  {"a": "x\\"]",\n   "b": [1,\n 2]},\n\n  {"a": "y"}, 3\n]';
  const lines = [...(await fileRecords(bytes(content), 'f'))].map(({ line }) => line);
  assert.deepEqual(lines, [2, 6, 6]);
});

const ASDIV = `<?xml version="1.0" encoding="UTF-8"?>
<Machine-Reading-Corpus-File>
  <ProblemSet>
    <Problem ID="nluds-0001" Grade="1" Source="http://a.b">
      <Body>Tom &amp; Ann have 3 &lt; 4 caf&#233;s.</Body>
      <Question>How many?</Question>
      <Solution-Type>Addition</Solution-Type>
      <Answer>7 (caf&#xe9;s)</Answer>
      <Formula>3+4=7</Formula>
    </Problem>
    <Problem ID="nluds-0002">
      <Question>Cut`;

test("the problems of ASDiv's XML are records, and one that is cut is told with its line", async () => {
  assert.deepEqual(await valuesOf(bytes(ASDIV)), [
    {
      body: 'Tom & Ann have 3 < 4 cafés.',
      question: 'How many?',
      solution_type: 'Addition',
      answer: '7 (cafés)',
      formula: '3+4=7',
    },
    'f, line 11: the problem is not closed by </Problem>',
  ]);
});

test('a file of a million openings is read in a moment', async () => {
  const nested = '<Problem>'.repeat(1_000_000);
  assert.equal((await valuesOf(bytes(nested))).length, 1);
  await assert.rejects(fileRecords(bytes('<ProblemSet'.repeat(1_000_000)), 'f'), /without <Problem>/);
});

test('XML of another kind is refused', async () => {
  await assert.rejects(fileRecords(bytes('<!DOCTYPE html><html>Not found</html>'), 'f'), /without <Problem> elements/);
});
