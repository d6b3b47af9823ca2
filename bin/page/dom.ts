/**
 * Elements made in one call. Text only ever becomes text nodes, so nothing that a model wrote can become markup; there is no
 * innerHTML in these pages.
 */

export type Child = Node | string | number | null;
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** An element with its attributes and children. `true` sets an attribute without a value; `false` and null leave it out, as
 *  null does a child. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...textOf(children));
  return made;
}

/** Puts these children in place of those that are there. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...textOf(children));
}

/** The same, but for children that are as those that are there: they stay, with the focus and the place that they are scrolled
 *  to. For children that do not listen to anything. */
export function renew(parent: Element, ...children: readonly Child[]): void {
  const next = element('div', {}, ...children);
  const isSame =
    next.childNodes.length === parent.childNodes.length &&
    [...next.childNodes].every((node, i) => parent.childNodes[i]?.isEqualNode(node) === true);
  if (!isSame) parent.replaceChildren(...next.childNodes);
}

/** The element of the page with this id. @throws Error where the page has none: the two don't belong together. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

function textOf(children: readonly Child[]): readonly (Node | string)[] {
  return children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : String(child)));
}
