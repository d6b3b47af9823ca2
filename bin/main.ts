import { CommanderError } from 'commander';
import { InternalError, RzeroError, toPlainError } from '../src/errors.js';
import { createProgram } from './program.js';

/** Runs one command. The only place that turns errors into exit codes. */

process.env['ORT_DISABLE_TELEMETRY'] = '1'; // read by onnxruntime-node when it is first imported
leaveQuietlyWhenNobodyReads();

const program = createProgram();
try {
  if (process.argv.length <= 2) {
    program.outputHelp({ error: true });
    process.exitCode = 2;
  } else {
    await program.parseAsync(process.argv);
  }
} catch (error) {
  process.exitCode = tell(error);
}

/** Says on stderr what went wrong, and gives the exit code. */
function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said it
  if (error instanceof RzeroError && !(error instanceof InternalError)) {
    process.stderr.write(`rzero: ${toPlainError(error).message}\n`);
    return error.exitCode;
  }
  const { message, stack = '' } = toPlainError(error);
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  process.stderr.write(`${[`rzero: ${message}`, ...frames].join('\n')}\n`);
  process.stderr.write('This is a fault of rzero, not yours: please report it with the lines above.\n');
  return 1;
}

/** `rzero history | head`: the reader has what it wanted, so there is nothing to complain about. A lost stderr is
 *  no reason to stop a run. */
function leaveQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
