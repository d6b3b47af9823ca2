import { element, renew } from '../dom.js';
import { activePaths, drawChart } from '../statechart.js';
import { fetchCharts, fetchState } from './api.js';
import type { Charts, EventRow } from './contract.js';
import { moment } from './format.js';
import type { View } from './view.js';

/** The statecharts of the run's actors with the states they are in, and what happened last. */
export function chartView(): View {
  const drawn = element('div', { class: 'charts' });
  const saved = element('p', { class: 'note' });
  const events = element('ol', { class: 'events' });
  let charts: Charts | null = null;
  return {
    element: element(
      'div',
      { class: 'chart-tab' },
      element('section', { class: 'card' }, saved, drawn),
      element('section', { class: 'card', 'aria-label': 'events' }, element('h3', {}, 'What happened last'), events),
    ),
    show: async ({ run }) => {
      charts ??= await fetchCharts();
      const { values, saved_at, events: rows } = await fetchState(run);
      saved.textContent =
        saved_at === null
          ? 'The run has not kept a state yet.'
          : `As kept in the database at ${new Date(saved_at).toLocaleTimeString('en-GB')}. Each step is committed with this state, and a resumed run goes on from it.`;
      renew(
        drawn,
        ...charts.charts.map(({ name, chart }) => drawChart({ ...chart, key: name }, activePaths(values[name]))),
      );
      renew(events, ...rows.map(entry));
      if (rows.length === 0) renew(events, element('li', { class: 'empty' }, 'Nothing yet.'));
    },
  };
}

function entry({ at, type, payload }: EventRow): HTMLElement {
  const details = Object.entries(typeof payload === 'object' && payload !== null ? payload : {})
    .filter(([key, value]) => key !== 'type' && typeof value !== 'object')
    .map(([key, value]) => `${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`);
  return element(
    'li',
    {},
    element('time', { datetime: at, title: moment(at) }, new Date(at).toLocaleTimeString('en-GB')),
    element('strong', {}, type),
    element('span', {}, details.join(', ')),
  );
}
