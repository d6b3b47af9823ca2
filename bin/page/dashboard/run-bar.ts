import type { RunHistoryRow } from '../../../storage/views.js';
import { byId, element, fill, renew } from '../dom.js';
import type { RunState } from './contract.js';
import * as format from './format.js';
import type { RunChoice } from './view.js';

/** The head of the page: which run is looked at, which stand beside it, and how it goes. */
export interface RunBar {
  show(runs: readonly RunHistoryRow[], choice: RunChoice): void;
  /** What the run is doing, in one line. */
  tell(run: RunHistoryRow, state: RunState): void;
}

export interface RunBarEvents {
  readonly onRun: (run: string) => void;
  readonly onBeside: (runs: readonly string[]) => void;
}

export function runBar({ onRun, onBeside }: RunBarEvents): RunBar {
  const select = byId('run') as HTMLSelectElement;
  const beside = byId('beside') as HTMLDetailsElement;
  const choices = beside.querySelector('fieldset') ?? beside;
  const status = byId('status');
  let offered = '';
  select.addEventListener('change', () => onRun(select.value));
  beside.addEventListener('change', () => {
    const chosen = [...choices.querySelectorAll('input')].filter(({ checked }) => checked);
    onBeside(chosen.map(({ value }) => value));
  });
  beside.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    beside.open = false;
    beside.querySelector('summary')?.focus();
  });
  document.addEventListener('click', (event) => {
    if (event.target instanceof Node && !beside.contains(event.target)) beside.open = false;
  });
  return {
    show: (runs, choice) => {
      const shown = JSON.stringify([runs.map(({ run_id, status }) => [run_id, status]), choice]);
      if (shown === offered) return;
      offered = shown;
      const newestFirst = runs.toReversed();
      fill(
        select,
        ...newestFirst.map((run) =>
          element(
            'option',
            { value: run.run_id, selected: run.run_id === choice.run },
            `${run.run_id} · ${run.preset} · ${format.words(run.status)} · ${format.moment(run.started_at)}`,
          ),
        ),
      );
      const others = newestFirst.filter(({ run_id }) => run_id !== choice.run);
      beside.hidden = others.length === 0;
      const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : null;
      fill(choices, element('legend', {}, 'beside it'), ...others.map((run) => besideChoice(run, choice)));
      if (focused !== null && beside.open)
        [...choices.querySelectorAll('input')].find(({ value }) => value === focused)?.focus();
    },
    tell: (run, state) => {
      renew(
        status,
        element('span', { class: `chip status-${run.status}` }, format.words(run.status)),
        element('span', {}, sentence(run, state)),
        state.reason === null ? null : element('span', { class: run.status === 'failed' ? 'error' : '' }, state.reason),
      );
    },
  };
}

function besideChoice(run: RunHistoryRow, choice: RunChoice): HTMLElement {
  const chosen = choice.all.find(({ id }) => id === run.run_id);
  const box = element('input', { type: 'checkbox', value: run.run_id, checked: chosen !== undefined });
  return element(
    'label',
    {},
    box,
    `${run.run_id} · ${run.preset} · seed ${run.seed} · ${format.moment(run.started_at)}`,
  );
}

function sentence(run: RunHistoryRow, { events }: RunState): string {
  const iterations = `${run.iterations} iteration${run.iterations === 1 ? '' : 's'}`;
  const setup = `${run.model.split('/').at(-1)}, preset ${run.preset}, seed ${run.seed}, ${iterations}`;
  const [last] = events;
  if (run.status !== 'running' || last === undefined) return setup;
  return `${setup}; last: ${last.type}${iterationOf(last.payload)}`;
}

function iterationOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null || !('iteration' in payload)) return '';
  return `, iteration ${payload.iteration}`;
}
