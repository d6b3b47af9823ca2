import { element, renew } from '../../dom.js';
import type { RunOverview } from '../contract.js';
import * as format from '../format.js';
import { lastKnown } from './tables.js';

/** The run in a handful of numbers. */
export function tiles(): { readonly element: HTMLElement; show(overview: RunOverview, metric: string): void } {
  const list = element('dl', { class: 'tiles' });
  return {
    element: list,
    show: (overview, metric) => {
      const { iterations, outcomes } = overview;
      const last = iterations.findLast(({ questions }) => questions > 0);
      const questions = iterations.reduce((sum, row) => sum + row.questions, 0);
      const [tokens, seconds] = [sum(iterations, 'tokens'), sum(iterations, 'seconds')];
      const drops = outcomes.filter(({ iteration, outcome }) => iteration === last?.iteration && outcome !== 'kept');
      renew(
        list,
        ...['math', 'general'].map((domain) => scoreTile(overview, domain, metric)),
        tile(
          'label accuracy',
          format.percent(lastKnown(iterations, 'label_accuracy'), 1),
          'pseudo-labels of kept questions that the oracle agrees with',
        ),
        tile(
          'questions kept',
          last === undefined ? '-' : format.percent(last.kept / last.questions),
          last === undefined
            ? 'none written yet'
            : `${format.count(last.kept)} of ${format.count(last.questions)}, iteration ${last.iteration}${drops.length > 0 ? `; most others ${format.words(drops[0]?.outcome ?? '')}` : ''}`,
        ),
        tile(
          'questions written',
          format.count(questions),
          `over ${iterations.filter((row) => row.questions > 0).length} iterations`,
        ),
        tile(
          'tokens per second',
          seconds > 0 ? format.count(tokens / seconds) : '-',
          `${format.short(tokens)} tokens in ${format.duration(seconds)} at work`,
        ),
      );
    },
  };
}

function scoreTile({ gains }: RunOverview, domain: string, metric: string): HTMLElement {
  const row = gains.find((each) => each.isAverage && each.name === domain && each.metric === metric);
  const last = row?.points.at(-1);
  const since = row?.gain === null || row === undefined ? 'the base model' : `${format.gain(row.gain)} over the base`;
  return tile(
    `${domain}, ${metric}`,
    last === undefined ? '-' : last.score.toFixed(1),
    last === undefined ? 'not evaluated yet' : since,
  );
}

function tile(name: string, value: string, note: string): HTMLElement {
  return element(
    'div',
    { class: 'tile' },
    element('dt', {}, name),
    element('dd', {}, element('strong', {}, value), element('span', {}, note)),
  );
}

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0);
}
