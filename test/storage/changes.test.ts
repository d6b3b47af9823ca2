import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataVersion, newestEvent } from '../../storage/changes.js';
import { commit } from '../../storage/connection.js';
import { openReader } from '../../storage/database.js';
import { newestEvents, recordEvent } from '../../storage/events.js';
import { database, STARTED } from './support.js';

test('a reader sees that another connection has committed, and only then', (t) => {
  const db = database(t, 'rchange');
  const reader = openReader(db.path);
  t.after(() => reader.close());
  const before = dataVersion(reader);
  assert.equal(dataVersion(reader), before);
  assert.equal(newestEvent(reader), undefined);
  commit(db, () =>
    recordEvent(db, { runId: 'rchange', at: STARTED, actor: 'solver', type: 'solver.trained', payload: { step: 1 } }),
  );
  assert.notEqual(dataVersion(reader), before);
  assert.deepEqual(newestEvent(reader), { id: 1, runId: 'rchange' });
});

test('the newest events of a run come newest first', (t) => {
  const db = database(t, 'rone', 'rtwo');
  commit(db, () => {
    for (const [step, runId] of ['rone', 'rtwo', 'rone', 'rone'].entries())
      recordEvent(db, { runId, at: STARTED, actor: 'solver', type: 'solver.updated', payload: { step } });
  });
  assert.deepEqual(
    newestEvents(db, 'rone', 2).map(({ id, payload }) => [id, payload]),
    [
      [4, { step: 3 }],
      [3, { step: 2 }],
    ],
  );
});
