import { element, renew } from '../dom.js';
import { inTreeOrder, type KnownActor, stateText } from './model.js';

/** The list of actors, one below another, with the states they are in. One is chosen, by a click or the arrow keys. */
export class ActorTree {
  chosen: string | null = null;
  private order: readonly KnownActor[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly onChoice: () => void,
  ) {
    place.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('[data-path]') : null;
      if (row instanceof HTMLElement) this.choose(row.dataset['path'] ?? null);
    });
    place.addEventListener('keydown', (event) => {
      const at = this.order.findIndex(({ path }) => path === this.chosen);
      const next = nextIndex(event.key, at, this.order.length);
      if (next === null) return;
      event.preventDefault();
      this.choose(this.order[next]?.path ?? null);
    });
  }

  draw(actors: ReadonlyMap<string, KnownActor>): void {
    this.order = inTreeOrder(actors.values());
    if (this.chosen === null || !actors.has(this.chosen)) this.chosen = this.order[0]?.path ?? null;
    renew(this.place, ...this.order.map((actor, index) => this.row(actor, index)));
    const at = this.order.findIndex(({ path }) => path === this.chosen);
    if (at >= 0) this.place.setAttribute('aria-activedescendant', idOf(at));
  }

  private choose(path: string | null): void {
    this.chosen = path;
    this.onChoice();
  }

  private row(actor: KnownActor, index: number): HTMLElement {
    const { path, name, chart, startedCount, state } = actor;
    const classes = [
      'actor',
      ...(chart === null ? ['is-work'] : []),
      ...(state === null || state.status === 'active' ? ['is-active'] : []),
      ...(state?.status === 'error' ? ['is-failed'] : []),
    ];
    return element(
      'div',
      {
        id: idOf(index),
        class: classes.join(' '),
        role: 'treeitem',
        'aria-level': path.split('/').length,
        'aria-selected': String(path === this.chosen),
        'data-path': path,
      },
      element('span', { class: 'actor-name' }, chart === null ? `work ${name}` : name),
      element('span', { class: 'actor-state' }, stateText(actor)),
      startedCount > 1 ? element('span', { class: 'actor-state' }, `× ${startedCount}`) : null,
    );
  }
}

const idOf = (index: number): string => `actor-${index}`;

function nextIndex(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return Math.min(count - 1, at + 1);
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
