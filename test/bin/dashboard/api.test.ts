import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type {
  Change,
  CurriculumPictures,
  QuestionTable,
  RunList,
  RunOverview,
  RunState,
  Training,
  Workers,
} from '../../../bin/page/dashboard/contract.js';
import { commit } from '../../../storage/connection.js';
import { openReader } from '../../../storage/database.js';
import { recordEvent } from '../../../storage/events.js';
import { iterationSummary } from '../../../storage/iterations.js';
import type { QuestionDetails } from '../../../storage/question-details.js';
import { listRuns } from '../../../storage/runs.js';
import { benchmarkScores } from '../../../storage/scores.js';
import { trainingSteps } from '../../../storage/steps.js';
import { finishedRun, query, workFolder } from '../../actors/support.js';
import { database, STARTED } from '../../storage/support.js';
import { answer, served } from './support.js';

/** The addresses of the dashboard over the database of a real run in miniature. */

const db = join(workFolder(), 'run.db');
let run = '';
before(async () => {
  await finishedRun(db);
  run = query<{ readonly id: string }>(db, 'SELECT id FROM runs')[0]?.id ?? '';
});

test('each address answers with what the database holds', async (t) => {
  const server = await served(t, db);
  const reader = openReader(db);
  t.after(() => reader.close());

  assert.deepEqual((await answer<RunList>(server, 'runs')).runs, listRuns(reader));
  const overview = await answer<RunOverview>(server, `runs/${run}`);
  assert.deepEqual(overview.iterations, iterationSummary(reader, run));
  assert.deepEqual(overview.scores, benchmarkScores(reader, run));
  assert.deepEqual(overview.run.band, [0, 1]);
  assert.deepEqual((await answer<Training>(server, `runs/${run}/training`)).steps, trainingSteps(reader, run));

  const pictures = await answer<CurriculumPictures>(server, `runs/${run}/curriculum`);
  const [counted] = query<object>(
    db,
    "SELECT count(*) AS voted FROM questions q JOIN votes v ON v.question_id = q.id WHERE phase = 'curriculum' AND vote_share IS NOT NULL",
  );
  assert.deepEqual({ voted: pictures.vote_shares.reduce((sum, { questions }) => sum + questions, 0) }, counted);

  const { timeline, phases } = await answer<Workers>(server, `runs/${run}/workers?columns=20`);
  const [busy] = query<{ readonly seconds: number }>(db, 'SELECT sum(seconds) AS seconds FROM timeline');
  const shown = timeline.cells.reduce((sum, { seconds }) => sum + seconds, 0);
  assert.ok(Math.abs(shown - (busy?.seconds ?? 0)) < 1e-6 * shown);
  assert.equal(phases.length, query(db, 'SELECT 1 FROM phases').length);

  const state = await answer<RunState>(server, `runs/${run}/state`);
  assert.equal(state.values['supervisor'], 'done');
  assert.equal(state.values['solver'], 'idle');
  assert.equal(state.events[0]?.type, 'run.ended');
});

test('a gain has the error of paired items, as the terminal says it', async (t) => {
  const { gains } = await answer<RunOverview>(await served(t, db), `runs/${run}`);
  const math = gains.find(({ name, metric, isAverage }) => isAverage && name === 'math' && metric === 'greedy');
  const [first, last] = [math?.points[0], math?.points.at(-1)];
  assert.deepEqual([first?.iteration, last?.iteration], [0, 2]);
  assert.equal(math?.gain?.score.toFixed(6), ((last?.score ?? 0) - (first?.score ?? 0)).toFixed(6));
});

test('the pages of questions follow one another to the last', async (t) => {
  const server = await served(t, db);
  const seen: number[] = [];
  let after: string | null = null;
  do {
    const place: string = after === null ? '' : `&after=${after}`;
    const page: QuestionTable = await answer(server, `runs/${run}/questions?limit=10&order=unsure${place}`);
    seen.push(...page.rows.map(({ question_id }) => question_id));
    assert.equal(page.count, 64); // two iterations of 32
    after = page.next;
  } while (after !== null);
  assert.equal(new Set(seen).size, 64);
});

test('a question comes with its answers, and only under its own run', async (t) => {
  const server = await served(t, db);
  const { rows } = await answer<QuestionTable>(server, `runs/${run}/questions?kept=yes&limit=1`);
  const id = rows[0]?.question_id ?? 0;
  const details = await answer<QuestionDetails>(server, `runs/${run}/questions/${id}`);
  assert.equal(details.answers.length, 4);
  assert.equal(details.vote?.vote_count, 4);
  for (const path of [`runs/${run}/questions/999999`, 'runs/rnone', `runs/rnone/questions/${id}`])
    assert.equal((await fetch(`${server.url}api/${path}`)).status, 404, path);
});

for (const [query, sentence] of [
  ['low=2', 'low: expected a number from 0 to 1'],
  ['after=here', 'after: expected the place that the page before gave'],
  ['limit=100000', /limit: /],
  ['order=question;DROP TABLE runs', /order: /],
  [`text=${'x'.repeat(201)}`, 'text: expected 200 characters at most'],
  ['nonsense=1', /nonsense/],
] as const) {
  test(`an address that makes no sense is refused with a sentence: ${query.slice(0, 30)}`, async (t) => {
    const { url } = await served(t, db);
    const response = await fetch(`${url}api/runs/${run}/questions?${query}`);
    const { error } = (await response.json()) as { readonly error: string };
    assert.equal(response.status, 400);
    if (typeof sentence === 'string') assert.equal(error, sentence);
    else assert.match(error, sentence);
  });
}

test('words in a search are words, whatever they mean to SQL', async (t) => {
  const server = await served(t, db);
  const countOf = async (text: string): Promise<number> =>
    (await answer<QuestionTable>(server, `runs/${run}/questions?text=${encodeURIComponent(text)}`)).count;
  assert.ok((await countOf('what')) > 0);
  for (const text of ["' OR 1=1 --", '%%', '_____']) assert.equal(await countOf(text), 0, text);
});

/** The events of the stream at /api/live, as they come. */
async function* liveEvents(url: string, signal: AbortSignal): AsyncGenerator<{ event: string; data: unknown }> {
  const response = await fetch(`${url}api/live`, { signal });
  assert.equal(response.headers.get('content-encoding'), null); // compressed, events would wait for more
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/m.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      yield { event, data: JSON.parse(data) };
    }
  }
}

test('whoever listens hears of a commit, and that the database is gone', async (t) => {
  const writer = database(t, 'rlive');
  const { url } = await served(t, writer.path);
  const controller = new AbortController();
  t.after(() => controller.abort());
  const events = liveEvents(url, controller.signal);
  const next = async (): Promise<{ event: string; data: unknown }> => (await events.next()).value;
  const first = (await next()).data as Change;
  assert.equal(first.event_id, null);
  commit(writer, () =>
    recordEvent(writer, { runId: 'rlive', at: STARTED, actor: 'solver', type: 'solver.trained', payload: {} }),
  );
  const { event, data } = await next();
  assert.equal(event, 'change');
  assert.deepEqual({ ...(data as Change), version: 0 }, { version: 0, event_id: 1, run_id: 'rlive' });
  renameSync(writer.path, `${writer.path}.moved`);
  assert.equal((await next()).event, 'gone');
  renameSync(`${writer.path}.moved`, writer.path);
});
