import type { MemoryReport } from '../../actors/memory.js';
import type { Colours } from '../terminal/colour.js';
import { formatBytes } from '../terminal/numbers.js';
import { textTable } from '../terminal/tables.js';

/** What a run needs, part by part, and whether the machine has it. */
export function memoryTable(report: MemoryReport, colours: Colours): string {
  const { parts, needed_bytes, device_bytes, available_bytes, fits } = report;
  const rows = parts.map(({ name, bytes, where }) => [name, where === 'device' ? 'device' : '', formatBytes(bytes)]);
  const table = textTable(
    [
      ['memory for', 'left'],
      ['', 'left'],
      ['bytes', 'right'],
    ],
    rows,
    colours,
  );
  const verdict = fits
    ? `${colours.green('fits')}: ${formatBytes(needed_bytes)} of the ${formatBytes(available_bytes)} that this machine has`
    : `${colours.yellow('does not fit')}: ${formatBytes(needed_bytes)}, and this machine has ${formatBytes(available_bytes)}`;
  const device = device_bytes === 0 ? '' : `; and ${formatBytes(device_bytes)} on the device`;
  return `${table}\n\n${verdict}${device}`;
}
