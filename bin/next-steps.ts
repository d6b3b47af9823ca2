import { weightsFolder } from '../storage/database.js';
import { DEFAULT_DATABASE } from './options.js';

/** A run that has come to rest. */
export interface RestedRun {
  readonly runId: string;
  readonly status: 'running' | 'interrupted' | 'done' | 'nothing_left' | 'failed';
  /** The last iteration whose Solver was evaluated; null where not even the base was. */
  readonly lastIteration: number | null;
}

/** Where a run is kept, and what can be done with it: commands to copy, each under what it is for. */
export function nextSteps(run: RestedRun, databaseFile: string): string {
  const commands = commandsFor(run).flatMap(([command, purpose]) => [
    `  # ${purpose}`,
    `  rzero ${command}${databaseFlag(databaseFile)}`,
  ]);
  return [`Kept in ${databaseFile}, its weights in ${weightsFolder(databaseFile)}. Next:`, ...commands].join('\n');
}

function commandsFor({ runId, status, lastIteration }: RestedRun): readonly (readonly [string, string])[] {
  const goesOn = status === 'interrupted' || status === 'failed' || status === 'running';
  const last = `${runId}@${lastIteration ?? 0}`;
  return [
    ...(goesOn ? ([[`resume ${runId}`, 'go on from the last commit']] as const) : []),
    [`show ${runId} --questions 20`, 'what it asked itself'],
    ['dashboard', 'all of it in the browser'],
    ...((lastIteration ?? 0) > 0
      ? ([
          [`compare ${runId}@0 ${last}`, 'is the gain more than chance?'],
          [`eval --run ${last} --benchmark gsm8k`, 'a public benchmark'],
          [`export --run ${last} --format safetensors --out ./${runId}`, 'the Solver, for other programs'],
        ] as const)
      : []),
  ];
}

/** The flag that names the database, where it isn't the usual one. Quoted for a shell where it has to be. */
function databaseFlag(file: string): string {
  if (file === DEFAULT_DATABASE) return '';
  return ` --db ${/^[\w./~+@:=-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`}`;
}
