import { type Context, context, type Span, trace } from '@opentelemetry/api';
import { NOBODY, type RunTask } from '../../actors/follower.js';
import type { NamedFollower } from '../followers.js';
import { readVersion } from '../version.js';

/**
 * A run as OpenTelemetry spans: one for the sitting, in it one for each iteration, in that one for each task of a worker.
 * They go to the provider that whoever started the process has registered.
 *
 * - Spans are made when a task is done, with the times that the worker measured.
 * - An iteration's span goes from its first task to the end of its last: it ends when the next one's first task is done.
 */
export function traceFollower(): NamedFollower {
  const tracer = trace.getTracer('rzero', readVersion());
  let sitting: { readonly runId: string; readonly span: Span; readonly inside: Context } | null = null;
  let iteration: { readonly number: number; readonly span: Span; readonly inside: Context; endMs: number } | null =
    null;

  /** The span's own children belong into the context beside it. */
  const begin = (
    name: string,
    startTime: number,
    attributes: Readonly<Record<string, string | number>>,
    parent: Context,
  ) => {
    const span = tracer.startSpan(name, { startTime, attributes: { ...attributes } }, parent);
    return { span, inside: trace.setSpan(parent, span) };
  };
  const onTask = (task: RunTask): void => {
    if (sitting === null) return;
    const { runId } = sitting;
    if (iteration?.number !== task.iteration) {
      iteration?.span.end(iteration.endMs);
      const attributes = { 'rzero.run_id': runId, 'rzero.iteration': task.iteration };
      const name = task.iteration === 0 ? 'base' : 'iteration';
      iteration = {
        number: task.iteration,
        endMs: task.endedMs,
        ...begin(name, task.startedMs, attributes, sitting.inside),
      };
    }
    iteration.endMs = Math.max(iteration.endMs, task.endedMs);
    const attributes = { 'rzero.run_id': runId, 'rzero.iteration': task.iteration, 'rzero.worker': task.worker };
    begin(task.task, task.startedMs, attributes, iteration.inside).span.end(task.endedMs);
  };
  return {
    ...NOBODY,
    name: 'OpenTelemetry',
    onBegin: (runId) => {
      sitting = { runId, ...begin('run', Date.now(), { 'rzero.run_id': runId }, context.active()) };
    },
    onTask,
    close: () => {
      iteration?.span.end(iteration.endMs);
      sitting?.span.end();
    },
  };
}
