import { colour, onThemeChange } from '../theme.js';
import uPlot from '../vendor/uPlot.js';

/** What all charts on uPlot have in common: colours of the theme, the width of their place, and keys to walk through them. */

export const FONT = '12px system-ui, sans-serif';

/** An axis in the theme's colours. */
export function axis(changes: uPlot.Axis): uPlot.Axis {
  const grid = { stroke: colour('--grid'), width: 1 };
  return { stroke: colour('--muted'), font: FONT, grid, ticks: { show: false }, ...changes };
}

/** A chart in a place of the page. It is made anew when its make-up or the theme changes, else only its data is. */
export class PlotPlace {
  private plot: uPlot | null = null;
  private shape = '';
  private make: (() => uPlot.Options) | null = null;
  private data: uPlot.AlignedData = [[]];
  private readonly resize: ResizeObserver;

  constructor(
    private readonly place: HTMLElement,
    private readonly height: number,
  ) {
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(place);
    onThemeChange(() => {
      if (this.place.isConnected) this.rebuild();
    });
    place.addEventListener('keydown', (event) => this.walk(event));
    place.addEventListener('blur', () => this.plot?.setCursor({ left: -10, top: -10 }));
  }

  /** Shows the data; `shape` names the make-up that `make` gives. */
  show(shape: string, make: () => uPlot.Options, data: uPlot.AlignedData): void {
    this.make = make;
    this.data = data;
    if (this.plot !== null && shape === this.shape) {
      this.plot.setData(data);
      return;
    }
    this.shape = shape;
    this.rebuild();
  }

  get chart(): uPlot | null {
    return this.plot;
  }

  private rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    const width = this.place.clientWidth;
    if (width === 0 || this.make === null) return; // out of sight: made when it comes into view
    this.plot = new uPlot({ ...this.make(), ...this.size(width) }, this.data, this.place);
  }

  private fit(): void {
    const width = this.place.clientWidth;
    if (width === 0) return;
    if (this.plot === null) this.rebuild();
    else if (this.plot.width !== width) this.plot.setSize(this.size(width));
  }

  private size(width: number): { width: number; height: number } {
    return { width, height: this.height };
  }

  /** Left and right go from point to point, Home and End to the ends. */
  private walk(event: KeyboardEvent): void {
    const { plot } = this;
    const xs = plot?.data[0];
    if (plot === null || xs === undefined || xs.length === 0) return;
    const last = xs.length - 1;
    const at = plot.cursor.idx ?? -1;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const left = plot.valToPos(xs[Math.max(0, Math.min(last, next))] ?? 0, 'x');
    plot.setCursor({ left, top: plot.over.clientHeight / 2 });
  }
}
