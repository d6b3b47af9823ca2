import { element, fill } from '../dom.js';
import { eventText, type HeardEvent } from './model.js';

/** Messages as a list, the newest on top, each with what it carried. */

const SHOWN_COUNT = 200;

export class EventList {
  private lastNumber = -1;

  constructor(
    private readonly place: HTMLElement,
    /** What people call the actor at a path. */
    private readonly nameOf: (path: string | null) => string,
  ) {}

  /** Puts these events in place of those that are shown. */
  renew(events: readonly HeardEvent[]): void {
    this.lastNumber = -1;
    fill(this.place);
    this.add(events);
  }

  /** Puts those of these events that are newer on top of those that are shown, whose details stay open. */
  add(events: readonly HeardEvent[]): void {
    const fresh = events.filter(({ number }) => number > this.lastNumber).slice(-SHOWN_COUNT);
    this.lastNumber = fresh.at(-1)?.number ?? this.lastNumber;
    this.place.prepend(...fresh.map((event) => row(event, this.nameOf)).reverse());
    while (this.place.childElementCount > SHOWN_COUNT) this.place.lastElementChild?.remove();
  }
}

function row(
  { from, to, type, event, skippedCount, atMs }: HeardEvent,
  nameOf: (path: string | null) => string,
): HTMLElement {
  const skipped = skippedCount === 0 ? null : `+ ${skippedCount} more like it`;
  return element(
    'li',
    {},
    element(
      'details',
      {},
      element(
        'summary',
        { title: type },
        element('span', { class: 'when' }, `${timeOf(atMs)} `),
        element('strong', {}, eventText(type)),
        element('span', { class: 'way' }, ` ${nameOf(from)} → ${nameOf(to)} `),
        skipped === null ? null : element('span', { class: 'skipped' }, skipped),
      ),
      element('pre', {}, JSON.stringify(event, null, 2)),
    ),
  );
}

function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString([], { hour12: false });
}
