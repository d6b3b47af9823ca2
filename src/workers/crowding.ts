/** A sentence when the threads of all workers are more than the machine's cores; null where there is room. */
export function crowding(
  { workers, threadsPerWorker }: { readonly workers: number; readonly threadsPerWorker: number },
  coreCount: number,
): string | null {
  if (workers * threadsPerWorker <= coreCount) return null;
  const [threads, cores] = [plural(workers * threadsPerWorker, 'thread'), plural(coreCount, 'core')];
  return `${plural(workers, 'worker')} of ${plural(threadsPerWorker, 'thread')} make ${threads} on ${cores}, where they wait for one another; lower workers or threadsPerWorker`;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
