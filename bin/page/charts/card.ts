import { element, fill } from '../dom.js';

/** The frame of every picture: a title, what it shows, the picture, its legend, and the same numbers as a table. */

export interface NumberTable {
  readonly heading: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Card {
  readonly element: HTMLElement;
  /** Where the picture goes. */
  readonly plot: HTMLElement;
  readonly legend: HTMLElement;
  /** Says in a sentence what the picture shows, for who can't see it, and has its numbers at hand. */
  describe(summary: string, table: () => NumberTable): void;
  /** Shows a sentence in place of a picture that has nothing to show yet; null shows the picture. */
  setEmpty(sentence: string | null): void;
}

export interface CardText {
  readonly title: string;
  /** One line on how to read it; empty for none. */
  readonly note: string;
}

export function createCard({ title, note }: CardText, wide = false): Card {
  const plot = element('div', { class: 'plot', role: 'img', tabindex: 0 });
  const legend = element('ul', { class: 'legend' });
  const empty = element('p', { class: 'empty', hidden: true });
  const numbers = element('details', { class: 'numbers' }, element('summary', {}, 'Numbers'));
  let table: () => NumberTable = () => ({ heading: [], rows: [] });
  const showNumbers = (): void => {
    if (!numbers.open) return;
    const summary = numbers.querySelector('summary');
    fill(numbers, summary, tableOf(table()));
  };
  numbers.addEventListener('toggle', showNumbers);
  const card = element(
    'figure',
    { class: wide ? 'card wide' : 'card', 'aria-label': title },
    element('figcaption', {}, element('h3', {}, title), note === '' ? null : element('p', { class: 'note' }, note)),
    plot,
    legend,
    empty,
    numbers,
  );
  const setEmpty = (sentence: string | null): void => {
    empty.textContent = sentence ?? '';
    empty.hidden = sentence === null;
    for (const part of [plot, legend, numbers]) part.hidden = sentence !== null;
  };
  setEmpty('Loading …');
  return {
    element: card,
    plot,
    legend,
    describe: (summary, newTable) => {
      plot.setAttribute('aria-label', `${title}: ${summary}`);
      table = newTable;
      showNumbers();
    },
    setEmpty,
  };
}

/** A table with a heading; numbers are told by their look and stand to the right. */
export function tableOf({ heading, rows }: NumberTable): HTMLElement {
  const cell = (name: 'td' | 'th', text: string): HTMLElement =>
    element(name, { class: /^[-+−]?[\d.]/.test(text) ? 'number' : null, scope: name === 'th' ? 'col' : null }, text);
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'numbers' },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...heading.map((text) => cell('th', text)))),
      element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((text) => cell('td', text))))),
    ),
  );
}
