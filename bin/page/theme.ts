/** Light or dark: as the system says, until the reader chooses. The choice is kept in this browser. */

export type Theme = 'light' | 'dark';

const KEPT = 'rzero.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

/** Paints the page in the theme chosen earlier or the system's, and goes along when the system changes. */
export function startTheme(): void {
  paint();
  system.addEventListener('change', paint);
}

export function currentTheme(): Theme {
  const kept = readKept();
  return kept ?? (system.matches ? 'dark' : 'light');
}

/** Turns light to dark and back, and keeps that. */
export function toggleTheme(): void {
  try {
    localStorage.setItem(KEPT, currentTheme() === 'dark' ? 'light' : 'dark');
  } catch {
    return; // a browser that keeps nothing follows the system
  }
  paint();
}

/** Calls back after each change of the theme: what is drawn on a canvas has to be drawn again. */
export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

/** The value of a colour of theme.css, such as `--accent`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function paint(): void {
  document.documentElement.dataset['theme'] = currentTheme();
  for (const listener of listeners) listener();
}

function readKept(): Theme | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === 'light' || kept === 'dark' ? kept : null;
  } catch {
    return null;
  }
}
