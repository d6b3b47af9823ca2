const LEVELS = [...'▁▂▃▄▅▆▇█'];

/** Values as a row of blocks, from the least to the greatest; those less than `span` apart are not drawn any further apart
 *  than they are, so that noise looks like noise. */
export function sparkline(values: readonly number[], span: number): string {
  const least = Math.min(...values);
  const width = Math.max(span, Math.max(...values) - least);
  return values.map((value) => LEVELS[Math.round(((value - least) / width) * (LEVELS.length - 1))] ?? '').join('');
}
