import { fromPromise, type PromiseActorLogic } from 'xstate';
import { InternalError } from '../src/errors.js';

/**
 * One kind of work that a chart asks for. The rules that make a run resumable:
 *
 * - The input is small JSON and names the work (iteration and step or batch); the output is small JSON facts.
 * - A restored chart calls the work that was in flight again with the same input, and none that had ended. So the same
 *   input always gives the same rows and the same weights, also when what an earlier piece of work held in memory is
 *   gone and must be computed again.
 * - `signal` is aborted when the chart stops (the run was stopped, or another role failed). Work may then reject, with
 *   `Interrupted` for instance: nobody hears it. Work that rejects while its chart runs fails the run, whatever the
 *   error, so whoever stops a run stops the supervisor first.
 */
export type Work<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

/** The actor that does `work` when a chart invokes it. Async, so that a throw before the first await is a rejection. */
export function promiseActor<Input, Output>(work: Work<Input, Output>): PromiseActorLogic<Output, Input> {
  return fromPromise(async ({ input, signal }: { input: Input; signal: AbortSignal }) => work(input, signal));
}

/** Stands in a chart for work that was not provided, so that the chart can be drawn; invoked, it fails by name. */
export function missingWork<Input, Output>(role: string, name: string): PromiseActorLogic<Output, Input> {
  return promiseActor<Input, Output>(async () => {
    throw new InternalError(`the ${role} chart has no work "${name}": start the machine that createSupervisor returns`);
  });
}
