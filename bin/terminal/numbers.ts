/** Numbers as people read them in tables and progress lines. */

/** `45 s`, `3 min 20 s`, `1 h 05 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** A count with thousands set off: `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A rate with two or three digits that matter: `0.85`, `7.3`, `1,234`. */
export function formatRate(perSecond: number): string {
  if (perSecond < 1) return perSecond.toFixed(2);
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** A size in bytes as `1.5 GiB` or `640 MiB`. */
export function formatBytes(sizeBytes: number): string {
  const mebibytes = sizeBytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

/** A share of a whole as `88 %`; `-` where the whole is nothing. */
export function formatShare(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : '-';
}

/** A value that may not have been measured, with fixed decimals; `-` where it was not. */
export function formatMeasured(value: number | null, decimals: number): string {
  return value === null ? '-' : value.toFixed(decimals);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
