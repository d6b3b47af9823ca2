import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** Colours for one stream: only where it is a terminal, and never with NO_COLOR (no-color.org). FORCE_COLOR overrules
 *  the first. picocolors alone would look at stdout for both streams. */
export function coloursFor(stream: { readonly isTTY?: boolean }): Colours {
  const wanted = stream.isTTY === true || isSet('FORCE_COLOR');
  return pc.createColors(wanted && !isSet('NO_COLOR') && process.env['TERM'] !== 'dumb');
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}
