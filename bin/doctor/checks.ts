import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { toPlainError } from '../../src/errors.js';

/** What this machine is and what of it rzero can use. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  /** Threads that this process may use: containers often allow fewer than the machine has. */
  readonly threads: number;
  readonly memory_bytes: { readonly total: number; readonly free: number };
  readonly onnxruntime_node: Check & { readonly version: string | null };
  /** `float16`: whether it computes in 16 bits, which nothing here needs; null where it does not work. */
  readonly providers: Readonly<
    Record<ProviderName, Check & { readonly bundled: boolean; readonly float16: boolean | null }>
  >;
  readonly better_sqlite3: Check & { readonly sqlite_version: string | null };
}

/** Whether something works; if not, why, in one line. */
export interface Check {
  readonly ok: boolean;
  readonly problem: string | null;
}

export type ProviderName = 'cpu' | 'webgpu' | 'cuda';
const PROVIDERS: readonly ProviderName[] = ['cpu', 'webgpu', 'cuda'];
const PROBE_TIMEOUT_MS = 60_000;
const GOOD: Check = { ok: true, problem: null };

/** The diagnosis. Takes a second or two: each provider is tried in a process of its own. */
export async function diagnose(): Promise<Diagnosis> {
  const [engine, sqlite] = [await loadEngine(), await loadSqlite()];
  const providers = await Promise.all(
    PROVIDERS.map(async (name) => {
      const bundled = engine.bundled.includes(name);
      return [name, { bundled, float16: null, ...(engine.check.ok ? await probe(name) : engine.check) }] as const;
    }),
  );
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'not known',
    threads: availableParallelism(),
    memory_bytes: { total: totalmem(), free: freemem() },
    onnxruntime_node: { version: engine.version, ...engine.check },
    providers: Object.fromEntries(providers) as Diagnosis['providers'],
    better_sqlite3: sqlite,
  };
}

/** Whether a run can start here: everything but the accelerators is needed. */
export function canRun(diagnosis: Diagnosis): boolean {
  return diagnosis.onnxruntime_node.ok && diagnosis.providers.cpu.ok && diagnosis.better_sqlite3.ok;
}

async function loadEngine(): Promise<{ check: Check; version: string | null; bundled: readonly string[] }> {
  try {
    const { default: ort } = await import('onnxruntime-node');
    const bundled = ort
      .listSupportedBackends()
      .filter((each) => each.bundled)
      .map((each) => each.name);
    return { check: GOOD, version: packageVersion('onnxruntime-node'), bundled };
  } catch (error) {
    return { check: failed(error), version: null, bundled: [] };
  }
}

async function loadSqlite(): Promise<Diagnosis['better_sqlite3']> {
  try {
    const { default: Sqlite } = await import('better-sqlite3');
    const db = new Sqlite(':memory:');
    const version = z.string().parse(db.prepare('SELECT sqlite_version()').pluck().get());
    db.close();
    return { ...GOOD, sqlite_version: version };
  } catch (error) {
    return { ...failed(error), sqlite_version: null };
  }
}

const answer = z.strictObject({ float16: z.boolean() });

async function probe(provider: ProviderName): Promise<Check & { readonly float16?: boolean }> {
  const { stdout, problem } = await runProbe('./probe-provider.js', provider, PROBE_TIMEOUT_MS);
  return problem === null ? { ...GOOD, ...answer.parse(JSON.parse(stdout)) } : { ok: false, problem };
}

/** Runs a script of this folder with a provider's name, as a process of its own: a driver that crashes takes that process with
 *  it, and not the doctor. What it printed, or why it failed, in one line. */
export function runProbe(
  script: string,
  provider: ProviderName,
  timeoutMs: number,
): Promise<{ readonly stdout: string; readonly problem: string | null }> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const options = { timeout: timeoutMs, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve) => {
    execFile(process.execPath, [path, provider], options, (error, stdout, stderr) => {
      resolve({ stdout, problem: error === null ? null : whyProbeFailed(error, stderr, timeoutMs) });
    });
  });
}

/** The last cause that the probe printed, or how it ended. */
function whyProbeFailed(
  error: Error & { readonly signal?: string | null; readonly killed?: boolean },
  stderr: string,
  timeoutMs: number,
): string {
  if (error.killed) return `no answer in ${timeoutMs / 1000} s`;
  const causes = stderr.split('\n').filter((line) => /(^|\[cause\]: )\w*Error: /.test(line.trim()));
  const cause = causes
    .at(-1)
    ?.trim()
    .replace(/^(\[cause\]: )?\w*Error: /, '')
    .replace(/ ?\{$/, '')
    .replace(/^\/\S+\.cc:\d+ .* was false\. /, ''); // where in ONNX Runtime, and which condition
  return cause ?? (error.signal ? `the driver crashed (${error.signal})` : 'the probe ended without a reason');
}

function failed(error: unknown): Check {
  const [firstLine = 'no reason given'] = toPlainError(error).message.split('\n');
  return { ok: false, problem: firstLine };
}

function packageVersion(name: string): string {
  const content: unknown = createRequire(import.meta.url)(`${name}/package.json`);
  return z.looseObject({ version: z.string() }).parse(content).version;
}
