import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import { streamSSE } from 'hono/streaming';
import { DatabaseError, UsageError } from '../../src/errors.js';
import { dataVersion } from '../../storage/changes.js';
import type { Reader } from '../../storage/connection.js';
import { curriculumCount, curriculumPage } from '../../storage/curriculum.js';
import { runDetails } from '../../storage/find-run.js';
import { questionDetails } from '../../storage/question-details.js';
import type { RunDetails } from '../../storage/runs.js';
import type { QuestionTable } from '../page/dashboard/contract.js';
import { pageFiles } from '../web/page-files.js';
import { Changes } from './changes.js';
import { Memo } from './memo.js';
import { formatPlace, questionId, questionQuery, windowQuery } from './queries.js';
import {
  readCharts,
  readCurriculumPictures,
  readOverview,
  readRuns,
  readState,
  readTraining,
  readWorkers,
} from './readings.js';

/**
 * The addresses of the dashboard: the page, what it shows as JSON, and a stream that says when to ask again.
 * Each is one reading of the database; none writes.
 */

const HTML = fileURLToPath(new URL('../../../bin/page/dashboard.html', import.meta.url)); // from dist/bin/dashboard
const HEARTBEAT_MS = 15_000;
const ANSWERS_KEPT = 200;

/** The dashboard over a database that is open to read. `close` ends its streams' looking for changes. */
export function dashboardPages(db: Reader): { readonly pages: Hono; readonly close: () => void } {
  const pages = new Hono();
  const changes = new Changes(db);
  const memo = new Memo(ANSWERS_KEPT);
  const html = readFileSync(HTML, 'utf8');

  /** What `read` gives as JSON; a mistake in the address is told in a sentence. */
  const answer = (context: Context, read: () => unknown): Response => {
    try {
      const text = memo.get(dataVersion(db), context.req.url, () => JSON.stringify(read()));
      return context.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    } catch (error) {
      if (error instanceof NoSuchThing) return context.json({ error: error.message }, 404);
      if (error instanceof UsageError) return context.json({ error: error.message }, 400);
      if (error instanceof DatabaseError) return context.json({ error: error.message }, 503);
      throw error;
    }
  };
  const ofRun = (path: string, read: (run: RunDetails, context: Context) => unknown): void => {
    pages.get(`/api/runs/:run${path}`, (context) =>
      answer(context, () => read(knownRun(db, context.req.param('run')), context)),
    );
  };

  pages.use('/api/*', compress());
  pages.get('/', (context) => context.html(html, 200, { 'cache-control': 'no-cache' }));
  pages.get('/api/runs', (context) => answer(context, () => readRuns(db)));
  pages.get('/api/charts', (context) => answer(context, readCharts));
  ofRun('', (run) => readOverview(db, run));
  ofRun('/curriculum', (run) => readCurriculumPictures(db, run));
  ofRun('/training', (run) => readTraining(db, run.id));
  ofRun('/workers', (run, context) => readWorkers(db, run.id, windowQuery(context.req.query())));
  ofRun('/state', (run) => readState(db, run));
  ofRun('/questions', (run, context) => readQuestions(db, run.id, context.req.query()));
  ofRun('/questions/:question', (run, context) => readQuestion(db, run.id, context.req.param('question') ?? ''));
  pages.get('/api/live', (context) =>
    streamSSE(context, async (stream) => {
      const tell = (event: string, data: object): void => {
        stream.writeSSE({ event, data: JSON.stringify(data) }).catch(() => {}); // who has gone is told nothing
      };
      const stop = changes.listen({
        onChange: (change) => tell('change', change),
        onGone: () => tell('gone', { error: `the database ${db.path} was moved or deleted` }),
      });
      const heartbeat = setInterval(() => tell('alive', {}), HEARTBEAT_MS);
      tell('change', changes.now());
      await new Promise((resolve) => stream.onAbort(() => resolve(null)));
      clearInterval(heartbeat);
      stop();
    }),
  );
  pages.route('/', pageFiles());
  return { pages, close: () => changes.close() };
}

/** Asked for by a name that nothing has. */
class NoSuchThing extends UsageError {}

function knownRun(db: Reader, id: string | undefined): RunDetails {
  try {
    return runDetails(db, id ?? '');
  } catch (error) {
    throw error instanceof UsageError ? new NoSuchThing(error.message, { cause: error }) : error;
  }
}

function readQuestions(db: Reader, runId: string, query: Readonly<Record<string, string>>): QuestionTable {
  const { filter, paging } = questionQuery(runId, query);
  const { rows, next } = curriculumPage(db, filter, paging);
  return { rows, count: curriculumCount(db, filter), next: next === null ? null : formatPlace(next) };
}

function readQuestion(db: Reader, runId: string, id: string): object {
  const found = questionDetails(db, questionId(id));
  if (found?.run_id !== runId) throw new NoSuchThing(`run ${runId} has no question ${id}`);
  return found;
}
