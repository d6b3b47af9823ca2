import type { NamedFollower } from '../followers.js';

/** Where every copy of OpenTelemetry's API looks for what was registered with it: there is no other way to know without
 *  loading it. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** Spans of the run, where somebody registered a provider of them in this process; none, and nothing loaded, elsewhere. */
export async function tracesWhereAsked(): Promise<readonly NamedFollower[]> {
  if (Reflect.get(globalThis, REGISTERED)?.trace === undefined) return [];
  const { traceFollower } = await import('./traces.js');
  return [traceFollower()];
}
