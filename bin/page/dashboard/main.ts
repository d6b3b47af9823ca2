import { byId, element, fill } from '../dom.js';
import { startTheme, toggleTheme } from '../theme.js';
import { fetchRuns, fetchState } from './api.js';
import { chartView } from './chart-tab.js';
import type { RunList } from './contract.js';
import { questionDrawer } from './curriculum/drawer.js';
import { curriculumView } from './curriculum/view.js';
import { type Connection, listenLive } from './live.js';
import { overviewView } from './overview/view.js';
import { type Place, placeAddress, readPlace, type Tab } from './place.js';
import { runBar } from './run-bar.js';
import { createTabs } from './tabs.js';
import { trainingView } from './training.js';
import type { RunChoice, View } from './view.js';
import { workersView } from './workers.js';

/** The dashboard: the address says where the reader is, and what is there is asked for again when the database changes. */

const COLOURS = 7;

const trouble = byId('trouble');
const drawer = questionDrawer(() => go({ question: null }));
const curriculum = curriculumView((question) => go({ question }), tellTrouble);
const views = {
  overview: overviewView(),
  curriculum,
  training: trainingView(),
  workers: workersView(tellTrouble),
  chart: chartView(),
} as const satisfies Record<Tab, View>;
const tabs = createTabs(
  byId('tabs'),
  byId('main'),
  {
    overview: views.overview.element,
    curriculum: curriculum.element,
    training: views.training.element,
    workers: views.workers.element,
    chart: views.chart.element,
  },
  (tab) => go({ tab }),
);
const bar = runBar({
  onRun: (run) => go({ run, question: null, beside: place.beside.filter((id) => id !== run) }),
  onBeside: (beside) => go({ beside }),
});
const none = element(
  'p',
  { class: 'empty page', hidden: true },
  'No runs yet: rzero run starts one, and it appears here.',
);
byId('main').prepend(none);
document.body.append(drawer.element);

let place = readPlace(location.hash);
let openQuestion: string | null = null;
let busy = false;
let again = false;

startTheme();
byId('theme').addEventListener('click', toggleTheme);
addEventListener('hashchange', () => {
  place = readPlace(location.hash);
  void refresh();
});
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.closest('input, select, textarea, dialog') !== null;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  go({ tab: 'curriculum' });
  tabs.select('curriculum');
  curriculum.focusSearch();
});
listenLive({ onChange: refresh, onConnection: tellConnection });
void refresh();

/** Goes to another place; the browser's back button leads back. */
function go(change: Partial<Place>): void {
  const next = placeAddress({ ...place, ...change });
  if (next === placeAddress(place)) return;
  history.pushState(null, '', next);
  place = readPlace(next);
  void refresh();
}

/** Shows what there is now; asked again while it is at it, it starts over when it is done. */
async function refresh(): Promise<void> {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  do {
    again = false;
    try {
      const note = await show(place);
      trouble.textContent = note;
      trouble.hidden = note === null;
    } catch (error) {
      tellTrouble(error);
    }
  } while (again);
  busy = false;
}

/** The sentence that it gives is for the reader to see above it. */
async function show({ tab, run, beside, question }: Place): Promise<string | null> {
  tabs.select(tab);
  const list = await fetchRuns();
  fill(byId('footer'), `${list.database} · rzero ${list.rzero_version} · nothing leaves this machine`);
  const choice = choose(list, run, beside);
  none.hidden = choice !== null;
  byId(`panel-${tab}`).hidden = choice === null;
  if (choice === null) return null;
  bar.show(list.runs, choice);
  const row = list.runs.find(({ run_id }) => run_id === choice.run);
  if (row !== undefined) {
    document.title = `${row.run_id} · rzero`;
    bar.tell(row, await fetchState(choice.run));
  }
  await views[tab].show(choice);
  await showQuestion(choice.run, question);
  return run === null || run === choice.run ? null : `There is no run ${run} in this database; this is the latest one.`;
}

/** The run that the address names, or the latest; its fellows as far as they exist. */
function choose({ runs }: RunList, wanted: string | null, beside: readonly string[]): RunChoice | null {
  const has = (id: string): boolean => runs.some(({ run_id }) => run_id === id);
  const run = wanted !== null && has(wanted) ? wanted : runs.at(-1)?.run_id;
  if (run === undefined) return null;
  const ids = [run, ...beside.filter(has)];
  return { run, all: ids.map((id, index) => ({ id, colour: `--series-${(index % COLOURS) + 1}` })) };
}

async function showQuestion(run: string, question: number | null): Promise<void> {
  const wanted = question === null ? null : `${run} ${question}`;
  if (wanted === openQuestion) return;
  openQuestion = wanted;
  if (question === null) drawer.close();
  else await drawer.open(run, question);
}

function tellTrouble(error: unknown): void {
  trouble.textContent = error instanceof Error ? error.message : String(error);
  trouble.hidden = false;
}

function tellConnection(connection: Connection, sentence: string): void {
  const told = byId('connection');
  told.textContent = sentence;
  told.dataset['connection'] = connection;
}
