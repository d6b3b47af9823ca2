import type { Benchmark, FileBenchmarkName } from '../src/benchmarks/catalog.js';
import { cachedFile } from '../src/benchmarks/download.js';
import { HUB_FILES } from '../src/benchmarks/hub-files.js';
import { type LoadedBenchmark, loadBenchmark } from '../src/benchmarks/load.js';
import { ownShots, type Shots, shotsFromFile } from '../src/benchmarks/shots.js';
import { UsageError } from '../src/errors.js';
import type { EvaluateSettings } from './evaluate.js';

/** The items of each file. Files of the hub come one after another: their progress is one bar. */
export async function loadFiles(settings: EvaluateSettings): Promise<readonly LoadedBenchmark[]> {
  const { limit, skipBad, onNews } = settings;
  const loaded: LoadedBenchmark[] = [];
  for (const { name, file } of settings.files) {
    const benchmark = await loadBenchmark(name, file ?? (await downloaded(name, settings)), { limit, skipBad });
    const { skipped } = benchmark;
    if (skipped.count > 0)
      onNews(`${benchmark.file}: ${skipped.count} records passed over; the first: ${skipped.first}`);
    loaded.push(benchmark);
  }
  return loaded;
}

/** The file of a benchmark from the cache, or from the hub. @throws UsageError for one that the hub has no file of. */
function downloaded(name: FileBenchmarkName, { hub, signal, onProgress }: EvaluateSettings): Promise<string> {
  const file = HUB_FILES[name];
  if (file === undefined) {
    const known = Object.keys(HUB_FILES).join(', ');
    throw new UsageError(`--benchmark wants NAME=FILE for ${name}: the hub has no one file of it, as of ${known}`);
  }
  const kilobytes = (bytes: number): number => Math.round(bytes / 1000);
  return cachedFile(file, {
    ...hub,
    signal,
    onProgress: (done, total) => {
      const expected = total === null ? kilobytes(done) + 1 : kilobytes(total); // not known: not before the end
      onProgress({ label: `download ${name}`, done: kilobytes(done), total: expected, unit: 'kB' });
    },
  });
}

/** The worked examples of each benchmark: from its file, or this program's own. */
export async function shotsOf(
  { shots, shotsFiles }: EvaluateSettings,
  benchmarks: readonly Benchmark[],
): Promise<ReadonlyMap<string, Shots>> {
  if (shots === 0) return new Map();
  const found = new Map<string, Shots>();
  for (const benchmark of benchmarks) {
    const file = shotsFiles.get(benchmark.name);
    found.set(
      benchmark.name,
      file === undefined ? ownShots(benchmark.name, shots) : await shotsFromFile(benchmark, file, shots),
    );
  }
  return found;
}
