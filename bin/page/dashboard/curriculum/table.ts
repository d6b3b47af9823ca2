import type { CurriculumRow } from '../../../../storage/views.js';
import { element, fill } from '../../dom.js';
import { fetchQuestions, type Query } from '../api.js';
import { count, fixed, words } from '../format.js';

/** The questions a page at a time, however many there are: the server is asked for the next page by its last question. */
export interface QuestionPages {
  readonly element: HTMLElement;
  /** Shows the first page of these questions. */
  show(run: string, query: Query): Promise<void>;
  /** Asks again for the page that is shown. */
  refresh(): Promise<void>;
}

const ROWS = 50;

/** `onOpen` hears which question was chosen. */
export function questionPages(
  onOpen: (questionId: number) => void,
  onTrouble: (error: unknown) => void,
): QuestionPages {
  const body = element('tbody', {});
  const where = element('span', { role: 'status', 'aria-live': 'polite' });
  const back = element('button', { type: 'button', disabled: true }, '← Previous');
  const on = element('button', { type: 'button', disabled: true }, 'Next →');
  let asked: { readonly run: string; readonly query: Query } | null = null;
  /** Where each page up to the one shown begins; the first begins at null. */
  let begins: readonly (string | null)[] = [null];
  let next: string | null = null;
  /** Answers may come in another order than they were asked for: only the last asked counts. */
  let turn = 0;

  const load = async (): Promise<void> => {
    if (asked === null) return;
    const mine = ++turn;
    const table = await fetchQuestions(asked.run, { ...asked.query, limit: ROWS, after: begins.at(-1) ?? null });
    if (mine !== turn) return;
    next = table.next;
    const first = (begins.length - 1) * ROWS;
    putRows(table.rows.map(line));
    if (table.rows.length === 0)
      fill(body, element('tr', {}, element('td', { colspan: 7, class: 'empty' }, emptySentence(asked.query))));
    where.textContent = placeSentence(first, table.rows.length, table.count);
    back.disabled = begins.length === 1;
    on.disabled = next === null;
  };
  /** The question that has the focus keeps it: a page is read anew while a run goes on. */
  const putRows = (rows: readonly HTMLElement[]): void => {
    const focused = document.activeElement?.getAttribute('data-question') ?? null;
    fill(body, ...rows);
    if (focused !== null)
      body.querySelector<HTMLElement>(`[data-question="${focused}"]`)?.focus({ preventScroll: true });
  };
  const turnTo = (pages: readonly (string | null)[]): void => {
    begins = pages;
    load().then(() => tableElement.scrollIntoView({ block: 'nearest' }), onTrouble);
  };
  back.addEventListener('click', () => turnTo(begins.slice(0, -1)));
  on.addEventListener('click', () => turnTo([...begins, next]));

  const line = (row: CurriculumRow): HTMLElement => {
    const open = element(
      'button',
      { type: 'button', class: 'link', 'data-question': row.question_id },
      oneLine(row.question),
    );
    const tableRow = element(
      'tr',
      {},
      element('td', { class: 'question' }, open),
      element('td', {}, row.pseudo_label ?? '-'),
      element('td', { class: 'number' }, shareBar(row.vote_share)),
      element('td', {}, outcome(row)),
      element('td', {}, row.oracle_answer ?? '-'),
      element('td', {}, label(row)),
      element('td', { class: 'number' }, row.iteration),
    );
    tableRow.addEventListener('click', () => onOpen(row.question_id));
    return tableRow;
  };
  const headings = ['question', 'pseudo-label', 'vote share', 'outcome', 'oracle', 'label', 'iteration'];
  const tableElement = element(
    'table',
    { class: 'questions' },
    element('thead', {}, element('tr', {}, ...headings.map((text) => element('th', { scope: 'col' }, text)))),
    body,
  );
  return {
    element: element(
      'div',
      {},
      element('div', { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': 'questions' }, tableElement),
      element('div', { class: 'controls pages' }, back, where, on),
    ),
    show: (run, query) => {
      asked = { run, query };
      begins = [null];
      return load();
    },
    refresh: load,
  };
}

/** `51–100 of 1,536 questions`. */
function placeSentence(first: number, shown: number, all: number): string {
  const questions = `${count(all)} question${all === 1 ? '' : 's'}`;
  return all <= 1 ? questions : `${count(first + 1)}–${count(first + shown)} of ${questions}`;
}

/** A question may have line breaks, and as much text as a model can write: a row shows its beginning. */
function oneLine(question: string): string {
  const flat = question.replace(/\s+/g, ' ').trim();
  return flat.length > 160 ? `${flat.slice(0, 159)}…` : flat || '(nothing)';
}

function shareBar(share: number | null): HTMLElement {
  const bar = element('span', { class: 'share' }, element('b', {}, fixed(share, 2)));
  bar.style.setProperty('--share', `${100 * (share ?? 0)}%`);
  return bar;
}

function outcome({ kept, drop_reason }: CurriculumRow): HTMLElement {
  if (kept === 1) return element('span', { class: 'chip good' }, 'kept');
  return element('span', { class: 'chip' }, words(drop_reason ?? 'dropped'));
}

function label({ label_correct }: CurriculumRow): HTMLElement {
  if (label_correct === null) return element('span', {}, '-');
  return label_correct === 1
    ? element('span', { class: 'chip good' }, 'right')
    : element('span', { class: 'chip bad' }, 'wrong');
}

function emptySentence(query: Query): string {
  const { order: _, descending: __, ...filters } = query;
  const isFiltered = Object.values(filters).some((value) => value !== null && value !== '');
  return isFiltered ? 'No question is like that.' : 'No questions yet: the Challenger is in training.';
}
