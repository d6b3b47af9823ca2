import { eventText, type HeardEvent, type KnownActor } from './model.js';

/** Messages as a sequence diagram: a lane for each actor that has a chart, one for all work, time going down. */

const SHOWN_COUNT = 60;
const ROW = 26;
const TOP = 30;
const LANE_AT_LEAST = 76;

const SVG = 'http://www.w3.org/2000/svg';

/** Draws the last of these messages as wide as there is room, or as the lanes need. */
export function drawSequence(
  actors: ReadonlyMap<string, KnownActor>,
  events: readonly HeardEvent[],
  room: number,
): SVGSVGElement {
  const shown = events.slice(-SHOWN_COUNT);
  const lanes = lanesOf(actors, shown);
  const lane = Math.max(LANE_AT_LEAST, Math.floor(room / Math.max(1, lanes.length)));
  const x = (path: string | null): number => lane / 2 + lane * Math.max(0, lanes.indexOf(laneOf(actors, path)));
  const [width, height] = [lane * lanes.length, TOP + ROW * (shown.length + 2)];
  const picture = shape('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': `the last ${shown.length} messages between actors`,
  });
  for (const [i, name] of lanes.entries()) {
    const at = lane / 2 + lane * i;
    picture.append(
      shape('line', { class: 'lane', x1: at, x2: at, y1: TOP - 8, y2: height - 20 }),
      shape('text', { class: 'lane-name', x: at, y: 14 }, name),
      shape('text', { class: 'lane-name', x: at, y: height - 6 }, name),
    );
  }
  for (const [i, event] of shown.entries())
    picture.append(...arrow(x(event.from), x(event.to), TOP + ROW * (i + 1), labelOf(actors, event)));
  return picture;
}

function arrow(from: number, to: number, y: number, label: string): readonly SVGElement[] {
  if (from === to) {
    return [
      shape('path', { class: 'arrow', d: `M${from} ${y - 8} h22 v8 h-16` }),
      head(from, y, -1),
      shape('text', { x: from + 27, y: y + 1 }, label),
    ];
  }
  const way = Math.sign(to - from);
  return [
    shape('line', { class: 'arrow', x1: from, x2: to - 6 * way, y1: y, y2: y }),
    head(to, y, way),
    shape('text', { x: Math.min(from, to) + 8, y: y - 4 }, label),
  ];
}

/** What it is, the work that it begins or ends, and how many it stands for. */
function labelOf(actors: ReadonlyMap<string, KnownActor>, { from, to, type, skippedCount }: HeardEvent): string {
  const work = [from, to].map((path) => actors.get(path ?? '')).find((actor) => actor?.chart === null);
  return [eventText(type), work?.name, skippedCount === 0 ? '' : `(+ ${skippedCount})`].filter(Boolean).join(' ');
}

function head(x: number, y: number, way: number): SVGElement {
  return shape('path', { class: 'tip', d: `M${x} ${y} l${-7 * way} -4 v8 z` });
}

function lanesOf(actors: ReadonlyMap<string, KnownActor>, events: readonly HeardEvent[]): readonly string[] {
  const used = new Set(events.flatMap(({ from, to }) => [laneOf(actors, from), laneOf(actors, to)]));
  const charts = [...actors.values()].filter(({ chart }) => chart !== null).map(({ name }) => name);
  return ['outside', ...new Set(charts), 'work'].filter((lane) => used.has(lane));
}

function laneOf(actors: ReadonlyMap<string, KnownActor>, path: string | null): string {
  if (path === null) return 'outside';
  const actor = actors.get(path);
  return actor === undefined || actor.chart === null ? 'work' : actor.name;
}

function shape<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
  text = '',
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}
