import { Command } from 'commander';
import { addBench } from './commands/bench.js';
import { addCompare } from './commands/compare.js';
import { addDashboard } from './commands/dashboard.js';
import { addDoctor } from './commands/doctor.js';
import { addEval } from './commands/eval.js';
import { addExport } from './commands/export.js';
import { addFinetune } from './commands/finetune.js';
import { addGrade } from './commands/grade.js';
import { addHistory } from './commands/history.js';
import { addMachines } from './commands/machines.js';
import { addPretrain } from './commands/pretrain.js';
import { addQuantise } from './commands/quantise.js';
import { addRescore } from './commands/rescore.js';
import { addResume } from './commands/resume.js';
import { addRun } from './commands/run.js';
import { addSample } from './commands/sample.js';
import { addScore } from './commands/score.js';
import { addShow } from './commands/show.js';
import { addTail } from './commands/tail.js';
import { speakPlainly } from './options.js';
import { readVersion } from './version.js';

/** The command line as a commander program that has done nothing yet. Parsing throws CommanderError instead of
 *  ending the process. */
export function createProgram(): Command {
  const program = speakPlainly(new Command('rzero'))
    .description(
      'A Challenger and a Solver, two policies from one base model, teach each other without labels (R-Zero).',
    )
    .version(readVersion(), '--version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .addHelpText('after', FOOTER);
  for (const add of [
    addRun,
    addResume,
    addHistory,
    addShow,
    addTail,
    addDashboard,
    addEval,
    addCompare,
    addRescore,
    addExport,
    addQuantise,
    addSample,
    addScore,
    addGrade,
    addMachines,
    addPretrain,
    addFinetune,
    addDoctor,
    addBench,
  ]) {
    add(program);
  }
  return program;
}

const FOOTER = `
Start with:
  rzero run                  the embedded model teaches itself; minutes on a laptop
  rzero show                 what the latest run did
  rzero dashboard            the same in the browser, live while it goes on

With --json a command prints JSON on stdout and nothing else there; progress goes to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted (rzero resume goes on).`;
