import type { Command } from 'commander';
import { withReader } from '../database.js';
import { databaseOption, defineCommand, jsonOption, wholeNumber } from '../options.js';
import { formatReport, readReport } from '../run-report.js';
import { coloursFor } from '../terminal/colour.js';
import { printJson, printText } from '../terminal/output.js';

interface ShowFlags {
  readonly db: string;
  readonly questions: number;
  readonly iteration?: number;
  readonly tasks?: true;
  readonly json?: true;
}

/** `show`: one run's settings, iterations, scores and some of its questions. */
export function addShow(program: Command): void {
  defineCommand(program, 'show', 'show one run: settings, iterations, scores with gains, some of its questions', [
    'rzero show                                  the latest run',
    'rzero show r7f --iteration 2 --questions 20',
    'rzero show --json | jq .averages',
  ])
    .argument('[run]', 'its id or the beginning of it; the latest run where none is named')
    .addOption(databaseOption())
    .option('--questions <n>', 'how many questions to show', wholeNumber(0), 5)
    .option('--iteration <n>', 'the iteration whose questions to show; the latest where none is named', wholeNumber(1))
    .option('--tasks', 'scores of each benchmark too, not only their averages')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\n--json: {run, iterations, scores, averages, curriculum, utilisation}: rows with the columns of the views, the\naverages of the scores, and where the time of the model workers went',
    )
    .action((run: string | undefined, flags: ShowFlags) => {
      const choice = { questionCount: flags.questions, iteration: flags.iteration ?? null };
      const report = withReader(flags.db, (db) => readReport(db, run, choice));
      if (flags.json) printJson(report);
      else {
        const parts = { withConfig: true, withTasks: flags.tasks === true };
        printText(formatReport(report, parts, coloursFor(process.stdout)));
      }
    });
}
