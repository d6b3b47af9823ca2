/** Every mistake that a person can mend is an RzeroError; a broken invariant of ours is an InternalError. */

/** An error as plain data: what survives a structured clone between threads, and JSON in a snapshot. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly exitCode?: number;
  readonly details?: Readonly<Record<string, string | number>>;
}

/** A failure told in one sentence: the thing, what was found, what would do. */
export class RzeroError extends Error {
  /** The process's exit code when this error ends it. */
  readonly exitCode: number = 1;
  /** Which file, line, tensor or task it is about. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(message: string, options: { cause?: unknown; details?: Readonly<Record<string, string | number>> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.details = options.details ?? {};
  }
}

/** Wrong usage or configuration: nothing was started. */
export class UsageError extends RzeroError {
  override readonly exitCode = 2;
}
/** A checkpoint folder that can't be read or does not fit its config. */
export class CheckpointError extends RzeroError {}
/** A database that is locked, read-only, newer than the program, full, or none at all. */
export class DatabaseError extends RzeroError {}
/** A file of items or of examples with a bad line; `details` has `file` and `line`. */
export class BenchmarkFileError extends RzeroError {}
/** A server that samples rollouts can't be reached, refuses, or answers what can't be used. */
export class ServerError extends RzeroError {}
/** A worker's task failed; `details.task` names it. */
export class WorkerError extends RzeroError {}
/** A loss, gradient or weight that is not finite; `details` has `tensor` and `step` where known. */
export class NumericalError extends RzeroError {}
/** The run was stopped in good order and can be resumed. */
export class Interrupted extends RzeroError {
  override readonly exitCode = 130;
}
/** A broken invariant of this program: a bug, never a user's mistake. */
export class InternalError extends RzeroError {}

const CLASSES = {
  RzeroError,
  UsageError,
  CheckpointError,
  DatabaseError,
  BenchmarkFileError,
  ServerError,
  WorkerError,
  NumericalError,
  Interrupted,
  InternalError,
} as const;

/** The error as plain data, its causes folded into the message: clones and JSON would drop them. */
export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const cause = error.cause instanceof Error ? `: ${toPlainError(error.cause).message}` : '';
  return {
    name: error.name,
    message: error.message + cause,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error instanceof RzeroError ? { exitCode: error.exitCode, details: error.details } : {}),
  };
}

/** The error that {@link toPlainError} took apart, with its class again. */
export function fromPlainError(plain: PlainError): Error {
  const known = Object.entries(CLASSES).find(([name]) => name === plain.name)?.[1];
  const error =
    known === undefined
      ? new Error(plain.message)
      : new known(plain.message, plain.details === undefined ? {} : { details: plain.details });
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}
