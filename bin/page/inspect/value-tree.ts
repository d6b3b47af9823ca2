import type { Json } from '../../inspect/bounded.js';
import { element, renew } from '../dom.js';

/** A value as a tree whose branches open and close, and stay so when the value changes. */
export class ValueTree {
  /** Branches that the reader closed, or opened below the second level. */
  private readonly turned = new Set<string>();

  constructor(private readonly place: HTMLElement) {
    place.addEventListener(
      'toggle',
      ({ target }) => {
        if (!(target instanceof HTMLDetailsElement)) return;
        const { path = '', usual } = target.dataset;
        if (target.open === (usual === 'open')) this.turned.delete(path);
        else this.turned.add(path);
      },
      true, // it does not bubble
    );
  }

  /** Shows each value under its name; those that are null are left out. */
  draw(values: Readonly<Record<string, Json>>): void {
    const shown = Object.entries(values).filter(([, value]) => value !== null);
    renew(this.place, ...shown.map(([name, value]) => this.branch(name, value, name, 0)));
  }

  private branch(key: string, value: Json, path: string, depth: number): HTMLElement {
    const name = element('span', { class: 'key' }, `${key}: `);
    if (typeof value !== 'object' || value === null) {
      return element('div', { class: 'leaf' }, name, element('code', {}, JSON.stringify(value)));
    }
    const entries = Object.entries(value);
    const brackets = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    if (entries.length === 0) return element('div', { class: 'leaf' }, name, element('code', {}, brackets.join('')));
    const usual = depth < 2;
    return element(
      'details',
      {
        open: usual !== this.turned.has(path),
        'data-path': path,
        'data-usual': usual ? 'open' : 'closed',
      },
      element('summary', {}, name, element('code', {}, `${brackets[0]}${entries.length}${brackets[1]}`)),
      ...entries.map(([each, inner]) => this.branch(each, inner, `${path}.${each}`, depth + 1)),
    );
  }
}
