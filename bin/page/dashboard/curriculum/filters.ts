import { element, fill } from '../../dom.js';
import type { Query } from '../api.js';
import type { CurriculumPictures } from '../contract.js';
import { words } from '../format.js';

/** The fields that say which questions are listed, and in what order. */
export interface Filters {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  /** As the server takes it. */
  query(): Query;
  /** The iteration chosen; null for all. */
  iteration(): number | null;
  setVoteShares(low: number, high: number): void;
  /** Offers the iterations and outcomes that there are. */
  offer(pictures: CurriculumPictures): void;
}

/** How long typing may pause before the table follows. */
const TYPING_MS = 250;

export function curriculumFilters(onChange: () => void): Filters {
  const search = element('input', {
    type: 'search',
    placeholder: 'words in the question  ( / )',
    maxlength: 200,
    'aria-label': 'search questions',
  });
  const iterations = select('iteration', [['', 'all iterations']]);
  const outcomes = select('outcome', [['', 'any outcome']]);
  const labels = select('label', [
    ['', 'any label'],
    ['right', 'label right'],
    ['wrong', 'label wrong'],
    ['unknown', 'label not judged'],
  ]);
  const low = shareField('lowest vote share', '0');
  const high = shareField('highest vote share', '1');
  const order = select('order', [
    ['written no', 'as written'],
    ['written yes', 'newest first'],
    ['unsure no', 'least sure first'],
    ['vote_share yes', 'highest vote share first'],
    ['vote_share no', 'lowest vote share first'],
  ]);
  const clear = element('button', { type: 'button' }, 'Clear');
  const fields = [search, iterations, outcomes, labels, low, high];
  let typing: ReturnType<typeof setTimeout> | undefined;
  const changed = (): void => {
    clearTimeout(typing);
    onChange();
  };
  for (const field of [...fields, order]) field.addEventListener('change', changed);
  for (const field of [search, low, high]) {
    field.addEventListener('input', () => {
      clearTimeout(typing);
      typing = setTimeout(onChange, TYPING_MS);
    });
  }
  clear.addEventListener('click', () => {
    for (const field of fields) field.value = '';
    changed();
  });
  const form = element(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'filter questions' },
    search,
    iterations,
    outcomes,
    labels,
    element('span', { class: 'range' }, 'vote share', low, 'to', high),
    order,
    clear,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    changed();
  });
  return {
    element: form,
    search,
    iteration: () => (iterations.value === '' ? null : Number(iterations.value)),
    query: () => {
      const [by = 'written', descending = 'no'] = order.value.split(' ');
      const isKept = outcomes.value === 'kept';
      return {
        text: search.value.trim(),
        iteration: iterations.value,
        kept: isKept ? 'yes' : null,
        drop_reason: isKept ? null : outcomes.value,
        label: labels.value,
        low: low.validity.valid ? low.value : null,
        high: high.validity.valid ? high.value : null,
        order: by,
        descending,
      };
    },
    setVoteShares: (from, to) => {
      low.value = String(Number(from.toFixed(4)));
      high.value = String(Number(to.toFixed(4)));
      changed();
    },
    offer: ({ outcomes: counts }) => {
      offer(
        iterations,
        'all iterations',
        [...new Set(counts.map((row) => String(row.iteration)))],
        (name) => `iteration ${name}`,
      );
      offer(outcomes, 'any outcome', [...new Set(counts.map(({ outcome }) => outcome))], words);
    },
  };
}

function select(name: string, options: readonly (readonly [value: string, text: string])[]): HTMLSelectElement {
  return element(
    'select',
    { name, 'aria-label': name },
    ...options.map(([value, text]) => element('option', { value }, text)),
  );
}

function shareField(label: string, placeholder: string): HTMLInputElement {
  return element('input', { type: 'number', min: 0, max: 1, step: 'any', placeholder, 'aria-label': label });
}

/** Leaves what is chosen, unless it is no more on offer. */
function offer(
  field: HTMLSelectElement,
  all: string,
  values: readonly string[],
  text: (value: string) => string,
): void {
  const wanted = ['', ...values];
  if ([...field.options].map(({ value }) => value).join() === wanted.join()) return;
  const chosen = field.value;
  fill(field, ...wanted.map((value) => element('option', { value }, value === '' ? all : text(value))));
  if (wanted.includes(chosen)) field.value = chosen;
}
