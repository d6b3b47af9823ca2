import type { ChartArrow, ChartState } from '../../machines/outline.js';
import { element } from './dom.js';

/** A statechart as nested boxes, with the states that the actor is in lit. Its look is in statechart.css. */

/** Draws a chart. `active` holds the paths of the states that are lit, as {@link activePaths} gives them. */
export function drawChart(chart: ChartState, active: ReadonlySet<string>): HTMLElement {
  const lit = leaves(chart, active);
  return element(
    'section',
    { class: 'statechart', role: 'group', 'aria-label': `chart ${chart.key}: ${lit.join(', ') || 'not started'}` },
    element('h3', { class: 'statechart-name' }, chart.key),
    ...arrowList(chart.arrows),
    inside(chart, active),
  );
}

/** The paths of all states that an actor is in, from the value of its snapshot: `"idle"`, or
 *  `{running: {phase: "evaluating", pace: "going"}}`. Whatever else gives none. */
export function activePaths(value: unknown, above = ''): ReadonlySet<string> {
  const below = (key: string): string => (above === '' ? key : `${above}.${key}`);
  if (typeof value === 'string') return new Set([below(value)]);
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(Object.entries(value).flatMap(([key, inner]) => [below(key), ...activePaths(inner, below(key))]));
}

function inside(state: ChartState, active: ReadonlySet<string>): HTMLElement {
  const list = element('ol', { class: `statechart-states statechart-${state.kind}` });
  list.append(...state.states.map((each) => box(each, active)));
  return list;
}

function box(state: ChartState, active: ReadonlySet<string>): HTMLElement {
  const isLit = active.has(state.path);
  const classes = ['statechart-state', `is-${state.kind}`, ...(isLit ? ['is-active'] : [])];
  const made = element(
    'li',
    {
      class: classes.join(' '),
      'data-path': state.path,
      'aria-current': isLit && state.states.length === 0 ? 'true' : null,
    },
    element(
      'span',
      { class: 'statechart-key' },
      state.isInitial ? '● ' : null,
      state.key,
      state.kind === 'final' ? ' ◎' : null,
    ),
    ...state.work.map((work) => element('span', { class: 'statechart-work' }, `work ${work}`)),
    ...arrowList(state.arrows),
    state.states.length === 0 ? null : inside(state, active),
  );
  made.style.setProperty('--weight', String(state.states.length + 1)); // the width of a region, beside its fellows
  return made;
}

/** The last key of each target is enough: it says where the eye has to go. */
function arrowList(arrows: readonly ChartArrow[]): readonly HTMLElement[] {
  if (arrows.length === 0) return [];
  const list = element('ul', { class: 'statechart-arrows' });
  for (const { on, guard, to } of arrows) {
    const target = to.split('.').at(-1) ?? to;
    const when = [on, guard === null ? '' : `[${guard}]`].filter((part) => part !== '').join(' ');
    list.append(
      element('li', {}, when === '' ? null : element('span', { class: 'statechart-when' }, when), ` → ${target}`),
    );
  }
  return [list];
}

/** The innermost states that are lit. */
function leaves(state: ChartState, active: ReadonlySet<string>): readonly string[] {
  return state.states.flatMap((each) => {
    if (!active.has(each.path)) return [];
    return each.states.length === 0 ? [each.key] : leaves(each, active);
  });
}
