import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Reader } from '../../storage/connection.js';
import { ALL_QUESTIONS, curriculumCount, curriculumPage } from '../../storage/curriculum.js';
import { eventsAfter } from '../../storage/events.js';
import { questionDetails } from '../../storage/question-details.js';
import { dropReasons, keptQuestions } from '../../storage/votes.js';
import { recordLongRun } from '../support/long-run.js';
import { database } from './support.js';

/** What is read again and again while a run grows is found by an index: npm run bench:history has the times. */

const RUN = 'rlong';
const ALL = { ...ALL_QUESTIONS, runId: RUN };
const WRITTEN = { order: 'written', descending: false, after: { key: 40, questionId: 40 }, limit: 20 } as const;

/** A database with a run of 400 questions. */
function longRun(t: TestContext): Reader {
  const db = database(t);
  recordLongRun(db, { runId: RUN, iterations: 2, questionsPerIteration: 200, answers: 3 });
  return db;
}

/** How SQLite goes about every query of `read`. */
function plansOf(db: Reader, read: (db: Reader) => unknown): readonly string[] {
  const plans: string[] = [];
  const explained: Reader = {
    path: db.path,
    get: (sql, parameters) => explain(sql, parameters, db.get(sql, parameters)),
    all: (sql, parameters) => explain(sql, parameters, db.all(sql, parameters)),
    close: () => {},
  };
  const explain = <T>(sql: string, parameters: object, result: T): T => {
    plans.push(...db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters).map(({ detail }) => detail));
    return result;
  };
  read(explained);
  assert.ok(plans.length > 0);
  return plans;
}

const READS: Readonly<Record<string, (db: Reader) => unknown>> = {
  'one question': (db) => questionDetails(db, 7),
  'a page of the curriculum': (db) => curriculumPage(db, ALL, WRITTEN),
  'a page in another order': (db) => curriculumPage(db, ALL, { ...WRITTEN, order: 'vote_share' }),
  'the count of the curriculum': (db) => curriculumCount(db, { ...ALL, kept: true }),
  'the reasons of an iteration': (db) => dropReasons(db, RUN, 1),
  'the kept questions of an iteration': (db) => keptQuestions(db, RUN, 1),
  'the events after one': (db) => eventsAfter(db, RUN, 3, 10),
};
for (const [name, read] of Object.entries(READS)) {
  test(`${name} is found without reading the questions of other runs`, (t) => {
    const scans = plansOf(longRun(t), read).filter((step) => /^SCAN (?!json_each|CONSTANT)/.test(step));
    assert.deepEqual(scans, []);
  });
}

test('a page in the order written is read from its place, without sorting', (t) => {
  const db = longRun(t);
  for (const filter of [ALL, { ...ALL, kept: true, label: 'right' } as const])
    for (const descending of [true, false]) {
      const plans = plansOf(db, (reader) => curriculumPage(reader, filter, { ...WRITTEN, descending }));
      assert.ok(
        plans.some((step) => /^SEARCH q USING INDEX questions_of_run .*rowid[<>]/.test(step)),
        plans.join('\n'),
      );
      assert.deepEqual(
        plans.filter((step) => step.includes('TEMP B-TREE')),
        [],
      );
    }
});
