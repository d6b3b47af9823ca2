import { closest } from 'fastest-levenshtein';
import type { PlainError } from '../src/errors.js';
import { UsageError } from '../src/errors.js';
import type { Reader } from './connection.js';
import type { RunDetails } from './runs.js';

/** The run whose id is `idOrPrefix` or, alone, begins with it.
 *  @throws UsageError when there is none, with the nearest id, or several, with their ids. */
export function runDetails(db: Reader, idOrPrefix: string): RunDetails {
  const ids = db.all<{ readonly id: string }>('SELECT id FROM runs ORDER BY number', {}).map(({ id }) => id);
  const fitting = ids.includes(idOrPrefix) ? [idOrPrefix] : ids.filter((id) => id.startsWith(idOrPrefix));
  const [found, ...others] = fitting;
  if (found === undefined) throw new UsageError(unknownRun(db, idOrPrefix, ids));
  if (others.length > 0)
    throw new UsageError(`"${idOrPrefix}" fits ${fitting.length} runs: ${fitting.join(', ')}; give more of the id`);
  const row = db.get<StoredRun>(`${SELECT_RUN} WHERE id = @found`, { found });
  if (row === undefined) throw new UsageError(unknownRun(db, idOrPrefix, ids));
  return unpacked(row);
}

/** The newest run that has not come to its end (interrupted, killed or failed), or undefined. */
export function latestUnfinishedRun(db: Reader): RunDetails | undefined {
  const row = db.get<StoredRun>(
    `${SELECT_RUN} WHERE status IN ('running', 'interrupted', 'failed') ORDER BY number DESC LIMIT 1`,
    {},
  );
  return row === undefined ? undefined : unpacked(row);
}

interface StoredRun extends Omit<RunDetails, 'config' | 'error'> {
  readonly config: string;
  readonly error: string | null;
}

const SELECT_RUN = `
  SELECT id, status, preset, model, seed, iterations, config, started_at AS startedAt, finished_at AS finishedAt,
    rzero_version AS rzeroVersion, end_reason AS endReason, error
  FROM runs`;

function unpacked(row: StoredRun): RunDetails {
  const config: unknown = JSON.parse(row.config);
  return { ...row, config, error: row.error === null ? null : (JSON.parse(row.error) as PlainError) };
}

function unknownRun(db: Reader, asked: string, ids: readonly string[]): string {
  if (ids.length === 0) return `there is no run "${asked}": ${db.path} has none yet; \`rzero run\` starts one`;
  const nearest = closest(asked, ids);
  return `there is no run "${asked}" in ${db.path} (did you mean "${nearest}"?); \`rzero history\` lists them`;
}
