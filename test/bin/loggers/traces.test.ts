import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, query, smallRun, workFolder } from '../../actors/support.js';
import { runNode } from '../../support/command-line.js';

const REGISTER = new URL('../../support/register-traces.js', import.meta.url).href;
const folder = workFolder();

interface TracedSpan {
  readonly name: string;
  readonly startTime: readonly [seconds: number, nanoseconds: number];
  readonly endTime: readonly [seconds: number, nanoseconds: number];
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly id: string;
  readonly parent: string | null;
}

async function runWith(db: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const { code, stderr } = await runNode([MAIN, ...smallRun(db), '--quiet'], '', {
    ...environment,
    NODE_OPTIONS: `--import ${REGISTER}`,
  });
  assert.equal(code, 0, stderr);
}

test('with a registered provider each task of a worker is a span, inside its iteration, inside the run', async () => {
  const [db, file] = [join(folder, 'on.db'), join(folder, 'spans.json')];
  await runWith(db, { TRACE_TO: file });
  const spans = JSON.parse(readFileSync(file, 'utf8')) as readonly TracedSpan[];
  const nameOf = (id: string | null): string | undefined => spans.find((span) => span.id === id)?.name;
  const [run] = spans.filter(({ name }) => name === 'run');
  assert.equal(run?.parent, null);
  const iterations = spans.filter(({ name }) => name === 'base' || name === 'iteration');
  assert.deepEqual(
    iterations.map(({ attributes, parent }) => [attributes['rzero.iteration'], parent]),
    [0, 1, 2].map((number) => [number, run?.id]),
  );
  const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number =>
    Math.round(seconds * 1000 + nanoseconds / 1e6);
  const told = spans
    .filter((span) => span !== run && !iterations.includes(span))
    .map(({ name, startTime, endTime, attributes, parent }) => ({
      task: name,
      worker: attributes['rzero.worker'],
      iteration: attributes['rzero.iteration'],
      started: milliseconds(startTime),
      ended: milliseconds(endTime),
      inside: nameOf(parent),
    }));
  const kept = query<{ iteration: number; started: number; ended: number }>(
    db,
    'SELECT task, worker, iteration, started_ms AS started, ended_ms AS ended FROM worker_tasks ORDER BY rowid',
  ).map((row) => ({
    ...row,
    started: Math.round(row.started),
    ended: Math.round(row.ended),
    inside: row.iteration === 0 ? 'base' : 'iteration',
  }));
  assert.deepEqual(told, kept);
});

test('with none, nothing of OpenTelemetry is even loaded', async () => {
  const file = join(folder, 'loaded.json');
  await runWith(join(folder, 'off.db'), { LOADED_TO: file });
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), []);
});
