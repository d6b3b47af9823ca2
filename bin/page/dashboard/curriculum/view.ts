import { element } from '../../dom.js';
import { fetchCurriculumPictures } from '../api.js';
import type { CurriculumPictures } from '../contract.js';
import type { RunChoice, View } from '../view.js';
import { curriculumFilters } from './filters.js';
import { curriculumPictures } from './pictures.js';
import { questionPages } from './table.js';

/** What the Challenger wrote: pictures of it, and every question. */
export function curriculumView(
  onOpen: (questionId: number) => void,
  onTrouble: (error: unknown) => void,
): View & { focusSearch(): void } {
  const pages = questionPages(onOpen, onTrouble);
  let last: { readonly pictures: readonly CurriculumPictures[]; readonly choice: RunChoice } | null = null;
  const filters = curriculumFilters(() => {
    paint();
    if (last !== null) pages.show(last.choice.run, filters.query()).catch(onTrouble);
  });
  const questions = element('section', { class: 'card wide', 'aria-label': 'questions' });
  const pictures = curriculumPictures((low, high) => {
    filters.setVoteShares(low, high);
    questions.scrollIntoView({ block: 'start' });
  });
  const paint = (): void => {
    if (last !== null) pictures.show(last.pictures, last.choice, filters.iteration());
  };
  questions.append(element('h3', {}, 'Questions'), filters.element, pages.element);
  return {
    element: element('div', {}, pictures.element, questions),
    show: async (choice) => {
      const found = await Promise.all(choice.all.map(({ id }) => fetchCurriculumPictures(id)));
      const isOther = last?.choice.run !== choice.run;
      last = { pictures: found, choice };
      const [first] = found;
      if (first !== undefined) filters.offer(first);
      paint();
      await (isOther ? pages.show(choice.run, filters.query()) : pages.refresh());
    },
    focusSearch: () => filters.search.focus(),
  };
}
