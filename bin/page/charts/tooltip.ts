import { element, fill } from '../dom.js';
import type uPlot from '../vendor/uPlot.js';

/** What is said of one point of a chart: a heading and a line for each series. */
export interface TooltipText {
  readonly heading: string;
  readonly lines: readonly { readonly colour: string; readonly text: string }[];
}

/** Says beside the pointer what stands at the point under it; `textAt` gives null where there is nothing to say. */
export function tooltip(textAt: (index: number) => TooltipText | null): uPlot.Plugin {
  const box = element('div', { class: 'tooltip', hidden: true, 'aria-live': 'polite' });
  return {
    hooks: {
      init: (plot) => plot.over.append(box),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        const text = idx === null || idx === undefined || left < 0 ? null : textAt(idx);
        box.hidden = text === null;
        if (text === null) return;
        fill(
          box,
          element('strong', {}, text.heading),
          ...text.lines.map((line) => element('span', {}, swatch(line.colour), line.text)),
        );
        const isRight = left > plot.over.clientWidth / 2;
        box.style.setProperty('left', isRight ? 'auto' : `${left + 14}px`);
        box.style.setProperty('right', isRight ? `${plot.over.clientWidth - left + 14}px` : 'auto');
      },
    },
  };
}

/** A spot in the colour of a series. */
export function swatch(colour: string): HTMLElement {
  const spot = element('i', { class: 'swatch', 'aria-hidden': 'true' });
  spot.style.setProperty('background', colour);
  return spot;
}
