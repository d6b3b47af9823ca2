import { element } from '../../dom.js';
import type { GainRow, RunOverview } from '../contract.js';
import * as format from '../format.js';

/** The tables of the overview: what each average and benchmark gained, and runs side by side. */

/** A row for each average and benchmark of this metric, a column for each iteration, and the gain over the base. */
export function gainTable({ gains }: RunOverview, metric: string): HTMLElement {
  const rows = gains.filter((row) => row.metric === metric);
  const iterations = [...new Set(rows.flatMap(({ points }) => points.map(({ iteration }) => iteration)))].sort(
    (a, b) => a - b,
  );
  return table(
    'What was gained over the base',
    ['', 'items', ...iterations.map((number) => (number === 0 ? 'base' : `it ${number}`)), 'gain'],
    rows.map((row) => ({
      isStrong: row.isAverage,
      cells: [
        row.isAverage ? `${row.name} average` : row.name,
        format.count(row.items),
        ...iterations.map((number) => {
          const point = row.points.find(({ iteration }) => iteration === number);
          return point === undefined ? '-' : format.points(point);
        }),
        gainCell(row),
      ],
    })),
  );
}

/** A column for each run: how it ended, what it gained, and the settings in which the runs differ. */
export function comparison(runs: readonly RunOverview[], metric: string): HTMLElement {
  const names = [...new Set(runs.flatMap(({ gains }) => gains.filter((row) => row.metric === metric).map(keyOf)))];
  const settings = runs.map(({ run }) => flat(run.config));
  const differing = [...new Set(settings.flatMap((each) => [...each.keys()]))].filter(
    (key) => !SAID_ABOVE.has(key) && new Set(settings.map((each) => each.get(key))).size > 1,
  );
  const facts: readonly (readonly [string, (overview: RunOverview) => string])[] = [
    ['status', ({ run }) => format.words(run.status)],
    ['model', ({ run }) => run.model],
    ['preset', ({ run }) => run.preset],
    ['iterations', ({ run, iterations }) => `${iterations.at(-1)?.iteration ?? 0} of ${run.iterations}`],
    ['label accuracy, last', ({ iterations }) => format.percent(lastKnown(iterations, 'label_accuracy'), 1)],
    ['tokens', ({ iterations }) => format.count(iterations.reduce((sum, { tokens }) => sum + tokens, 0))],
    ['time at work', ({ iterations }) => format.duration(iterations.reduce((sum, { seconds }) => sum + seconds, 0))],
  ];
  return table(
    'Runs side by side',
    ['', ...runs.map(({ run }) => run.run_id)],
    [
      ...names.map((name) => ({
        isStrong: name.endsWith(' average'),
        cells: [
          name,
          ...runs.map(({ gains }) => {
            const row = gains.find((each) => each.metric === metric && keyOf(each) === name);
            return row === undefined ? '-' : lastAndGain(row);
          }),
        ],
      })),
      ...facts.map(([name, read]) => ({ isStrong: false, cells: [name, ...runs.map(read)] })),
      ...differing.map((key) => ({ isStrong: false, cells: [key, ...settings.map((each) => each.get(key) ?? '-')] })),
    ],
  );
}

/** Settings that have a row of their own. */
const SAID_ABOVE = new Set(['model', 'preset', 'iterations']);

type Cell = string | HTMLElement;

function table(
  title: string,
  heading: readonly string[],
  rows: readonly { readonly isStrong: boolean; readonly cells: readonly Cell[] }[],
): HTMLElement {
  return element(
    'section',
    { class: 'card wide' },
    element('h3', {}, title),
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title },
      element(
        'table',
        {},
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            ...heading.map((text, i) => element('th', { scope: 'col', class: i > 0 ? 'number' : null }, text)),
          ),
        ),
        element(
          'tbody',
          {},
          ...rows.map(({ isStrong, cells }) =>
            element(
              'tr',
              { class: isStrong ? 'strong' : null },
              ...cells.map((cell, i) =>
                i === 0 ? element('th', { scope: 'row' }, cell) : element('td', { class: 'number' }, cell),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

function keyOf({ name, isAverage }: GainRow): string {
  return isAverage ? `${name} average` : name;
}

function lastAndGain(row: GainRow): HTMLElement {
  const last = row.points.at(-1);
  return element(
    'span',
    {},
    last === undefined ? '-' : format.points(last),
    ' ',
    row.gain === null ? null : gainCell(row),
  );
}

/** In colour where it is more than two standard errors. */
function gainCell({ gain }: GainRow): HTMLElement {
  if (gain === null) return element('span', {}, '-');
  const isSure = gain.stderr !== null && Math.abs(gain.score) > 2 * gain.stderr;
  const look = isSure ? (gain.score > 0 ? 'up' : 'down') : '';
  return element('span', { class: `gain ${look}` }, format.gain(gain));
}

export function lastKnown<Row, Key extends keyof Row>(rows: readonly Row[], key: Key): Row[Key] | null {
  return rows.findLast((row) => row[key] !== null)?.[key] ?? null;
}

/** Settings by their path: `rl.solver.lr`. */
function flat(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [...flat(inner, path === '' ? key : `${path}.${key}`)]),
  );
}
