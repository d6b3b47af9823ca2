/** Numbers and times as the page writes them. What was not measured is a dash. */

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function fixed(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals);
}

/** Points of 100 with one standard error: `60.2 ±1.5`. */
export function points({ score, stderr }: { readonly score: number; readonly stderr: number | null }): string {
  return stderr === null ? score.toFixed(1) : `${score.toFixed(1)} ±${stderr.toFixed(1)}`;
}

/** A gain with its sign. */
export function gain(value: { readonly score: number; readonly stderr: number | null }): string {
  return `${value.score < 0 ? '' : '+'}${points(value)}`.replace(/^-/, '−');
}

export function percent(share: number | null, decimals = 0): string {
  return share === null ? '-' : `${(100 * share).toFixed(decimals)} %`;
}

/** `45 s`, `3 min 20 s`, `1 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** A number of any size in few characters: `0.0032`, `1.5`, `12.3k`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** `base`, `1`, `2`: iteration 0 is the base model. */
export function iteration(number: number): string {
  return number === 0 ? 'base' : String(number);
}

/** A moment in the reader's own time: `28 Nov, 14:03`. */
export function moment(iso: string): string {
  const date = new Date(iso);
  return date.toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** The name of a drop reason or a status in words. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
