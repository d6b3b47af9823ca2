import type { InspectorMessage } from '../../inspect/messages.js';
import { byId, element, fill, renew } from '../dom.js';
import { activePaths, drawChart } from '../statechart.js';
import { startTheme, toggleTheme } from '../theme.js';
import { ActorTree } from './actor-tree.js';
import { EventList } from './event-list.js';
import { isWanted, Model, stateText } from './model.js';
import { drawSequence } from './sequence.js';
import { ValueTree } from './value-tree.js';

/** The inspector's page: hears of the run by server-sent events and draws what it knows, once a frame. */

const model = new Model();
const tree = new ActorTree(byId('actors'), draw);
const values = new ValueTree(byId('context'));
const list = new EventList(byId('log'), (path) => model.nameOf(path));
const view = { words: '', onlyChosen: false, paused: false, asSequence: false };
let drawing = false;

startTheme();
listen();
follow();

function follow(): void {
  const source = new EventSource('/inspect/events');
  source.addEventListener('open', () => tellConnection('live', 'live'));
  source.addEventListener('message', ({ data }) => {
    const message: InspectorMessage = JSON.parse(data);
    model.hear(message);
    if (message.kind === 'opening') list.renew([]);
    if (message.kind === 'ended') {
      source.close(); // or it would ask again
      tellConnection('ended', 'the run has come to rest; this is its last state');
    }
    drawSoon();
  });
  source.addEventListener('error', () => tellConnection('lost', 'connection lost; trying again'));
}

function tellConnection(connection: 'live' | 'lost' | 'ended', text: string): void {
  const place = byId('connection');
  place.dataset['connection'] = connection;
  place.textContent = text;
}

function listen(): void {
  byId('theme').addEventListener('click', toggleTheme);
  byId('pause').addEventListener('click', togglePause);
  byId('as-list').addEventListener('click', () => showAs(false));
  byId('as-sequence').addEventListener('click', () => showAs(true));
  byId('filter').addEventListener('input', ({ target }) => {
    view.words = target instanceof HTMLInputElement ? target.value : '';
    drawEventsAnew();
  });
  byId('only-selected').addEventListener('change', ({ target }) => {
    view.onlyChosen = target instanceof HTMLInputElement && target.checked;
    drawEventsAnew();
  });
  document.addEventListener('keydown', (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = KEYS[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

const KEYS: Readonly<Record<string, () => void>> = {
  '/': () => byId('filter').focus(),
  p: togglePause,
  s: () => showAs(!view.asSequence),
  t: toggleTheme,
};

function togglePause(): void {
  view.paused = !view.paused;
  byId('pause').setAttribute('aria-pressed', String(view.paused));
  byId('pause').textContent = view.paused ? 'go on' : 'pause';
  if (!view.paused) drawEventsAnew();
}

function showAs(sequence: boolean): void {
  view.asSequence = sequence;
  byId('as-list').setAttribute('aria-pressed', String(!sequence));
  byId('as-sequence').setAttribute('aria-pressed', String(sequence));
  byId('log').hidden = sequence;
  byId('sequence').hidden = !sequence;
  drawEventsAnew();
}

function drawSoon(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

function draw(): void {
  const before = tree.chosen;
  tree.draw(model.actors);
  drawChosen();
  drawWorkers();
  const { progress } = model;
  byId('progress').textContent =
    progress === null ? '' : `${progress.label}: ${progress.done} of ${progress.total} ${progress.unit}`;
  if (view.onlyChosen && before !== tree.chosen) drawEventsAnew();
  else drawEvents();
}

function drawChosen(): void {
  const actor = model.actors.get(tree.chosen ?? '');
  if (actor === undefined) return;
  const { name, chart, state, path, startedCount } = actor;
  byId('selected').textContent = chart === null ? `Work ${name}` : 'Chart';
  const drawn =
    chart === null
      ? element('p', {}, `${path}: ${stateText(actor)}, started ${startedCount} × since the run began or was resumed`)
      : drawChart(chart, activePaths(state?.value));
  renew(byId('chart'), drawn);
  values.draw({
    context: state?.context ?? null,
    output: state?.output ?? null,
    error: state?.error ?? null,
  });
}

function drawWorkers(): void {
  const rows = model.workers.flatMap(({ worker, tasks, lastTask }) =>
    tasks.map(({ task, count, totalMs }) =>
      element(
        'tr',
        {},
        element('td', {}, worker),
        element('td', {}, task, task === lastTask ? ' ●' : null),
        element('td', { class: 'number' }, count),
        element('td', { class: 'number' }, (totalMs / count).toFixed(1)),
      ),
    ),
  );
  const heading = ['thread', 'task (● last)', 'done', 'ms each'].map((text) => element('th', { scope: 'col' }, text));
  renew(
    byId('workers'),
    rows.length === 0
      ? element('p', {}, 'No task has ended yet.')
      : element('table', {}, element('thead', {}, element('tr', {}, ...heading)), element('tbody', {}, ...rows)),
  );
}

function drawEvents(): void {
  if (view.paused) return;
  const only = view.onlyChosen ? tree.chosen : null;
  const wanted = model.events.filter((event) => isWanted(event, view.words, only));
  if (!view.asSequence) {
    list.add(wanted);
    return;
  }
  const place = byId('sequence');
  const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
  fill(place, drawSequence(model.actors, wanted, place.clientWidth));
  if (atEnd) place.scrollTop = place.scrollHeight;
}

function drawEventsAnew(): void {
  if (view.paused) return;
  list.renew([]);
  drawEvents();
}
