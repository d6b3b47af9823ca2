import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventMessage } from '../../../bin/loggers/tensorboard-events.js';
import { readFrames } from '../../../bin/loggers/tfrecord.js';
import { query, signalled, smallRun, workFolder } from '../../actors/support.js';
import { rzero } from '../../support/command-line.js';

const folder = workFolder();
const db = join(folder, 'run.db');
const [lines, events] = [join(folder, 'run.jsonl'), join(folder, 'events')];
/** Of each log one that is kept from the start, over two kills and a cut, and one that begins with the last resume. */
const KEPT = ['--log', `jsonl:${lines}`, '--log', `tensorboard:${events}`];
const LATE = ['--log', `jsonl:${lines}.late`, '--log', `tensorboard:${events}.late`];

await signalled([...smallRun(db), ...KEPT], db, 'SIGKILL', 8);
const runId = query<{ run_id: string }>(db, 'SELECT run_id FROM run_history')[0]?.run_id ?? '';
const eventFile = (within: string): string => join(within, runId, `events.out.tfevents.${runId}`);
truncateSync(lines, readFileSync(lines).length - 7);
truncateSync(eventFile(events), readFileSync(eventFile(events)).length - 7);
await signalled(['resume', '--db', db, ...KEPT], db, 'SIGKILL', 16);
appendFileSync(lines, '{"run_id":"r');
const resumed = await rzero(['resume', '--db', db, ...KEPT, ...LATE]);

interface Line extends Readonly<Record<string, unknown>> {
  readonly run_id: string;
  readonly step: number;
  readonly iteration: number;
  readonly wall_time: number;
}
const logged = (): readonly Line[] =>
  readFileSync(lines, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('a log that was killed twice and cut is the same, byte for byte, as one made afterwards', () => {
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(readFileSync(lines, 'utf8'), readFileSync(`${lines}.late`, 'utf8'));
  assert.ok(readFileSync(eventFile(events)).equals(readFileSync(eventFile(`${events}.late`))));
});

test('the first line has the settings, and steps never go back', () => {
  const all = logged();
  const [stored] = query<{ config: string }>(db, 'SELECT config FROM runs');
  assert.deepEqual(all[0]?.['config'], JSON.parse(stored?.config ?? ''));
  assert.ok(all.every(({ run_id }) => run_id === runId));
  all.slice(1).forEach(({ step }, i) => void assert.ok(step >= (all[i]?.step ?? 0)));
});

test("each training step of the database is a line with the trainers' names", () => {
  const steps = query<Record<string, number | string | null>>(db, 'SELECT * FROM steps ORDER BY iteration, role, step');
  const expected = steps.map(({ role, iteration, step, ...row }) => ({
    // an iteration has one step of the Challenger and then three of the Solver
    step: (Number(iteration) - 1) * 4 + (role === 'solver' ? 1 : 0) + Number(step) + 1,
    loss: row['loss'] ?? undefined,
    reward: row['reward_mean'],
    reward_std: row['reward_std'],
    kl: row['kl'] ?? undefined,
    'clip_ratio/region_mean': row['clip_fraction'] ?? undefined,
    grad_norm: row['grad_norm'] ?? undefined,
    entropy: row['entropy'] ?? undefined,
    frac_reward_zero_std: Number(row['zero_variance_groups']) / (role === 'solver' ? 4 : 1),
    'sampling/sampling_logp_difference/mean': row['logprob_drift_mean'] ?? undefined,
    tokens: row['tokens'],
  }));
  assert.equal(expected.length, 8);
  const found = logged().flatMap((line) => {
    const role = ['challenger', 'solver'].find((each) => `${each}/reward` in line);
    if (role === undefined) return [];
    const names = Object.keys(expected[0] ?? {}).filter((name) => name !== 'step');
    return [{ step: line.step, ...Object.fromEntries(names.map((name) => [name, line[`${role}/${name}`]])) }];
  });
  assert.deepEqual(found, expected);
});

test('scores are shares of one under their benchmark, at the step at which they were taken', () => {
  const scores = query<{ iteration: number; benchmark: string; metric: string; score: number }>(
    db,
    "SELECT iteration, benchmark, metric, score FROM scores WHERE metric = 'greedy' OR metric LIKE 'mean@%'",
  );
  for (const { iteration, benchmark, metric, score } of scores) {
    const found = logged().filter(
      (line) => line.step === iteration * 4 && `val-core/${benchmark}/acc/${metric}` in line,
    );
    assert.deepEqual(
      found.map((line) => line[`val-core/${benchmark}/acc/${metric}`]),
      [score / 100],
    );
  }
  assert.ok(scores.length > 0);
});

test('curricula and iterations are what the summary of the database says', () => {
  const summary = query<Record<string, number>>(db, 'SELECT * FROM iteration_summary WHERE iteration > 0');
  const all = logged();
  assert.deepEqual(
    all
      .filter((line) => 'curriculum/kept' in line)
      .map((line) => [
        line.step,
        line['curriculum/questions'],
        line['curriculum/kept'],
        line['curriculum/label_accuracy'],
      ]),
    summary.map(({ iteration = 0, questions, kept, label_accuracy }) => [
      (iteration - 1) * 4 + 1,
      questions,
      kept,
      label_accuracy ?? undefined,
    ]),
  );
  assert.deepEqual(
    all.filter((line) => 'iteration/tokens' in line).map((line) => line['iteration/tokens']),
    summary.map(({ tokens }) => tokens),
  );
});

test('the event file says the same as the lines, with a histogram of vote shares and the settings as text', () => {
  const [first, ...decoded] = readFrames(readFileSync(eventFile(events))).records.map((bytes) =>
    EventMessage.toObject(EventMessage.decode(bytes), { longs: Number, arrays: true }),
  );
  assert.equal(first?.['file_version'], 'brain.Event:2');
  const all = logged();
  assert.equal(decoded.length, all.length);
  decoded.forEach((event, i) => {
    const { run_id: _, iteration: __, step, wall_time, config, ...scalars } = all[i] as Line;
    assert.equal(event['step'] ?? 0, step);
    assert.equal(event['wall_time'], wall_time);
    const values = (event['summary'] as { value: Record<string, unknown>[] }).value;
    const simple = values.filter((value) => 'simple_value' in value);
    assert.deepEqual(
      Object.fromEntries(simple.map(({ tag, simple_value }) => [tag, simple_value])),
      Object.fromEntries(Object.entries(scalars).map(([tag, value]) => [tag, Math.fround(Number(value))])),
    );
    if (config !== undefined) {
      const [text] = values as { tag: string; tensor: { string_val: Buffer[] } }[];
      assert.equal(text?.tag, 'settings/text_summary');
      assert.deepEqual(JSON.parse(text?.tensor.string_val[0]?.toString() ?? ''), config);
    }
    const histogram = values.find((value) => 'histo' in value) as
      | { histo: { num: number; bucket: number[] } }
      | undefined;
    assert.equal(histogram !== undefined, 'curriculum/kept' in scalars);
    if (histogram !== undefined) {
      const shares = query<{ share: number }>(
        db,
        `SELECT vote_share AS share FROM curriculum WHERE vote_share IS NOT NULL AND iteration = ${all[i]?.iteration}`,
      );
      const counts = Array.from(
        { length: 11 },
        (_, tenth) => shares.filter(({ share }) => share > (tenth - 0.5) / 10 && share <= (tenth + 0.5) / 10).length,
      );
      assert.equal(histogram.histo.num, shares.length);
      assert.deepEqual(histogram.histo.bucket, counts);
    }
  });
});
