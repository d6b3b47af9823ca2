import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reader } from '../storage/connection.js';
import { ALL_QUESTIONS, curriculumCount, curriculumPage } from '../storage/curriculum.js';
import { openReader, openWriter } from '../storage/database.js';
import { eventsAfter } from '../storage/events.js';
import { iterationSummary } from '../storage/iterations.js';
import { questionDetails } from '../storage/question-details.js';
import { dropReasons, keptQuestions } from '../storage/votes.js';
import { recordLongRun } from '../test/support/long-run.js';

/**
 * What reading a history of 100,000 questions with ten answers each takes: the median of five.
 *
 *   npm run bench:history
 */
const RUN = 'rlong';
const SHAPE = { runId: RUN, iterations: 20, questionsPerIteration: 5000, answers: 10 };
const all = { ...ALL_QUESTIONS, runId: RUN };
const first = { order: 'written', descending: false, after: null, limit: 50 } as const;

const READS: Readonly<Record<string, (db: Reader) => unknown>> = {
  'the summary of all iterations': (db) => iterationSummary(db, RUN),
  'one question with its answers and lessons': (db) => questionDetails(db, 77_777),
  'the first page of the curriculum': (db) => curriculumPage(db, all, first),
  'a page from the middle': (db) => curriculumPage(db, all, { ...first, after: { key: 50_000, questionId: 50_000 } }),
  'the last page of one iteration': (db) =>
    curriculumPage(db, { ...all, iteration: 20 }, { ...first, descending: true }),
  'the surest labels that are wrong': (db) =>
    curriculumPage(db, { ...all, label: 'wrong' }, { ...first, order: 'vote_share', descending: true }),
  'the questions least sure of': (db) => curriculumPage(db, all, { ...first, order: 'unsure' }),
  'a text that few questions have': (db) => curriculumPage(db, { ...all, text: '777 plus 77' }, first),
  'how many questions are kept': (db) => curriculumCount(db, { ...all, kept: true }),
  'why an iteration dropped questions': (db) => dropReasons(db, RUN, 10),
  'the kept questions of an iteration': (db) => keptQuestions(db, RUN, 10),
  'the last events': (db) => eventsAfter(db, RUN, 290, 100),
};

const folder = mkdtempSync(join(tmpdir(), 'rzero-history-'));
try {
  const file = join(folder, 'runs.db');
  const startedMs = performance.now();
  const writer = openWriter(file);
  recordLongRun(writer, SHAPE);
  writer.close();
  const seconds = (performance.now() - startedMs) / 1000;
  const mebibytes = statSync(file).size / 2 ** 20;
  print(`${cpus()[0]?.model}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`);
  print(
    `${SHAPE.iterations * SHAPE.questionsPerIteration} questions written in ${seconds.toFixed(0)} s: ${mebibytes.toFixed(0)} MiB`,
  );
  const db = openReader(file);
  for (const [name, read] of Object.entries(READS))
    print(
      `${medianMs(() => read(db))
        .toFixed(1)
        .padStart(8)} ms  ${name}`,
    );
  db.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function medianMs(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const startedMs = performance.now();
    work();
    return performance.now() - startedMs;
  });
  return times.sort((a, b) => a - b)[2] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
