import type { QuestionAnswer, QuestionDetails } from '../../../../storage/question-details.js';
import { type Child, element, fill } from '../../dom.js';
import { fetchQuestion } from '../api.js';
import { fixed, percent, words } from '../format.js';

/** All about one question in a drawer at the side: its vote, every answer, and who learned from it. */
export interface Drawer {
  readonly element: HTMLDialogElement;
  /** Opens on a question, whose text stays text whatever a model wrote. */
  open(run: string, questionId: number): Promise<void>;
  close(): void;
}

/** `onClose` hears that it was closed, by Esc, the button or a click beside it. */
export function questionDrawer(onClose: () => void): Drawer {
  const content = element('div', { class: 'drawer-content' });
  const close = element('button', { type: 'button', class: 'close', 'aria-label': 'close' }, '✕');
  const dialog = element('dialog', { class: 'drawer', 'aria-label': 'question' }, close, content);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', onClose);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    element: dialog,
    open: async (run, questionId) => {
      const question = await fetchQuestion(run, questionId);
      fill(content, ...parts(question));
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
    },
    close: () => dialog.close(),
  };
}

function parts(question: QuestionDetails): readonly Child[] {
  const { vote, answers } = question;
  return [
    element(
      'p',
      { class: 'note' },
      `Question ${question.question_id}, ${question.phase === 'curriculum' ? 'written for the Solver' : `written in step ${question.batch + 1} of the Challenger’s training`}, iteration ${question.iteration}`,
    ),
    element('blockquote', { class: 'asked' }, question.question),
    element('p', { class: 'chips' }, ...chips(question)),
    element(
      'dl',
      { class: 'facts' },
      ...fact('pseudo-label', vote?.pseudo_label ?? null),
      ...fact('oracle', vote?.oracle_answer ?? null),
      ...fact('Challenger’s own answer', question.own_answer),
      ...fact('vote share', vote === null ? null : fixed(vote.vote_share, 3)),
      ...fact('Challenger’s reward', numberOrNull(question.challenger_reward)),
      ...fact('repetition penalty', numberOrNull(question.repetition_penalty)),
      ...fact('tokens', String(question.tokens)),
    ),
    ...section('The vote', groups(question)),
    ...section(
      `Answers (${answers.length})`,
      answers.length === 0 ? null : element('ol', { class: 'answers' }, ...answers.map(answer)),
    ),
    ...section('Who learned from it', lessons(question)),
    ...section(
      'All that the Challenger wrote',
      question.completion === null ? null : element('pre', {}, question.completion),
    ),
  ];
}

function chips({ vote, invalid_reason }: QuestionDetails): readonly Child[] {
  const chip = (text: string, look = ''): HTMLElement => element('span', { class: `chip ${look}` }, text);
  return [
    invalid_reason === null ? null : chip(`invalid: ${invalid_reason}`, 'bad'),
    vote?.kept === 1 ? chip('kept', 'good') : null,
    vote?.kept === 0 ? chip(`dropped: ${words(vote.drop_reason ?? '')}`) : null,
    vote?.label_correct === 1 ? chip('label right', 'good') : null,
    vote?.label_correct === 0 ? chip('label wrong', 'bad') : null,
  ];
}

/** The groups of equivalent answers, and the answers in which nothing could be read. */
function groups({ vote }: QuestionDetails): HTMLElement | null {
  if (vote === null || vote.vote_count === 0) return null;
  const { groups: found, vote_count, pseudo_label } = vote;
  const unread = vote_count - found.reduce((sum, group) => sum + group.count, 0);
  const row = (text: string, votes: number, look: string): HTMLElement => {
    const bar = element(
      'li',
      { class: look },
      element('span', {}, text),
      element('b', {}, `${votes} of ${vote_count}`),
    );
    bar.style.setProperty('--share', percent(votes / vote_count).replace(' ', ''));
    return bar;
  };
  return element(
    'ol',
    { class: 'votes' },
    ...found
      .toSorted((a, b) => b.count - a.count)
      .map(({ answer, count }) => row(answer, count, answer === pseudo_label ? 'winner' : '')),
    unread > 0 ? row('no answer could be read', unread, 'unread') : null,
  );
}

function answer({ text, answer, agrees, tokens, logprob, finished, sample }: QuestionAnswer): HTMLElement {
  const said = [
    `${tokens} tokens`,
    ...(logprob === null ? [] : [`log-probability ${logprob.toFixed(2)}`]),
    ...(finished === 1 ? [] : ['cut at the limit']),
  ];
  return element(
    'li',
    { class: agrees === 1 ? 'agrees' : '' },
    element(
      'p',
      {},
      element('b', {}, `${sample + 1}. ${answer ?? 'no answer could be read'}`),
      element('span', { class: `chip ${agrees === 1 ? 'good' : ''}` }, agrees === 1 ? 'with the majority' : 'apart'),
      element('span', { class: 'note' }, said.join(', ')),
    ),
    element('pre', {}, text),
  );
}

function lessons({ lessons: steps, vote }: QuestionDetails): HTMLElement {
  if (steps.length === 0)
    return element(
      'p',
      { class: 'empty' },
      vote?.kept === 1 ? 'No step has drawn it yet.' : 'Nobody: it was not kept.',
    );
  return element(
    'div',
    { class: 'scroll' },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element('tr', {}, ...['step', 'rewards', 'mean', ''].map((text) => element('th', { scope: 'col' }, text))),
      ),
      element(
        'tbody',
        {},
        ...steps.map(({ role, step, rewards, teaches }) =>
          element(
            'tr',
            {},
            element('td', {}, `${role === 'solver' ? 'Solver' : 'Challenger'}, step ${step + 1}`),
            element('td', {}, rewards.map((reward) => String(Number(reward.toFixed(2)))).join('  ')),
            element(
              'td',
              { class: 'number' },
              (rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length).toFixed(2),
            ),
            element('td', {}, teaches === 1 ? 'learned' : 'all rewards equal: taught nothing'),
          ),
        ),
      ),
    ),
  );
}

function section(title: string, content: HTMLElement | null): readonly Child[] {
  return content === null ? [] : [element('h4', {}, title), content];
}

function fact(name: string, value: string | null): readonly Child[] {
  return value === null ? [] : [element('div', {}, element('dt', {}, name), element('dd', {}, value))];
}

function numberOrNull(value: number | null): string | null {
  return value === null ? null : value.toFixed(3);
}
