import { element } from '../dom.js';
import { TABS, type Tab } from './place.js';

/** The tabs and the panels they open, one at a time. Arrow keys go from tab to tab, Home and End to the ends. */
export interface Tabs {
  /** Shows the panel of a tab. */
  select(tab: Tab): void;
}

const NAMES = {
  overview: 'Overview',
  curriculum: 'Curriculum',
  training: 'Training',
  workers: 'Workers',
  chart: 'Chart',
} as const satisfies Record<Tab, string>;

/** Fills `list` with tabs and `main` with panels; `onSelect` hears which tab the reader chose. */
export function createTabs(
  list: HTMLElement,
  main: HTMLElement,
  contents: Readonly<Record<Tab, HTMLElement>>,
  onSelect: (tab: Tab) => void,
): Tabs {
  const tabs = TABS.map((name) => {
    const panelId = `panel-${name}`;
    const tab = element(
      'button',
      { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': panelId },
      NAMES[name],
    );
    const panel = element(
      'div',
      { id: panelId, role: 'tabpanel', 'aria-labelledby': `tab-${name}`, hidden: true },
      contents[name],
    );
    tab.addEventListener('click', () => onSelect(name));
    list.append(tab);
    main.append(panel);
    return { name, tab, panel };
  });
  list.addEventListener('keydown', (event) => {
    const at = tabs.findIndex(({ tab }) => tab === document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at === -1 || to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next?.tab.focus();
    if (next !== undefined) onSelect(next.name);
  });
  return {
    select: (chosen) => {
      for (const { name, tab, panel } of tabs) {
        const isChosen = name === chosen;
        tab.setAttribute('aria-selected', String(isChosen));
        tab.tabIndex = isChosen ? 0 : -1;
        panel.hidden = !isChosen;
        if (isChosen) list.scrollLeft = tab.offsetLeft - list.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2;
      }
    },
  };
}
