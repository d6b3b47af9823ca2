import { type Command, Option } from 'commander';
import { withReader } from '../database.js';
import { formatFailures, readFailures } from '../failure-report.js';
import { databaseOption, defineCommand, jsonOption, wholeNumber } from '../options.js';
import { readQuestion } from '../question-report.js';
import { formatReport, readItemScores, readReport } from '../run-report.js';
import { coloursFor } from '../terminal/colour.js';
import { printJson, printText } from '../terminal/output.js';
import { formatQuestion } from '../terminal/question.js';

interface ShowFlags {
  readonly db: string;
  readonly questions?: number;
  readonly question?: number;
  readonly failures?: true;
  readonly iteration?: number;
  readonly tasks?: true;
  readonly json?: true;
}

/** `show`: one run's settings, iterations, scores and some of its questions. */
export function addShow(program: Command): void {
  defineCommand(program, 'show', 'show one run: settings, iterations, scores with gains, some of its questions', [
    'rzero show                                  the latest run',
    'rzero show r7f --iteration 2 --questions 20',
    'rzero show --question 1234                  all that became of one question',
    'rzero show --json | jq .averages',
    'rzero show --failures e4k2mw                what an evaluation got wrong; the latest where none is named',
  ])
    .argument('[run]', 'its id or the beginning of it; the latest run where none is named')
    .addOption(databaseOption())
    .option('--questions <n>', 'how many questions to show (default: 5; with --failures 20)', wholeNumber(0))
    .option('--iteration <n>', 'the iteration whose questions to show; the latest where none is named', wholeNumber(1))
    .addOption(
      new Option('--question <id>', 'one question: its votes, answers, reward, and the steps that learned from it')
        .argParser(wholeNumber(1))
        .conflicts(['questions', 'iteration', 'failures', 'tasks']),
    )
    .option('--failures', 'the wrong answers of an evaluation, whose id is then the argument')
    .option('--tasks', 'scores of each benchmark too, not only their averages')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\n--json: {run, iterations, scores, evaluations, averages, curriculum, label_oracles, utilisation}: rows with the columns of the\nviews, the averages of the scores, who checked labels and at what cost, and where the time of the model workers went; with --failures {evaluation, scores, failures};\nwith --question {question, reward, band}',
    )
    .action((run: string | undefined, flags: ShowFlags) => {
      const id = flags.question;
      if (id !== undefined) {
        const report = withReader(flags.db, (db) => readQuestion(db, id, run));
        if (flags.json) printJson(report);
        else printText(formatQuestion(report, coloursFor(process.stdout)));
        return;
      }
      if (flags.failures === true) {
        const limit = flags.questions ?? 20;
        const report = withReader(flags.db, (db) => readFailures(db, run ?? null, limit));
        if (flags.json) printJson(report);
        else printText(formatFailures(report, coloursFor(process.stdout)));
        return;
      }
      const choice = { questionCount: flags.questions ?? 5, iteration: flags.iteration ?? null };
      const [report, items] = withReader(flags.db, (db) => {
        const read = readReport(db, run, choice);
        return [read, readItemScores(db, read.run.run_id)];
      });
      if (flags.json) printJson(report);
      else {
        const parts = { withConfig: true, withTasks: flags.tasks === true, items };
        printText(formatReport(report, parts, coloursFor(process.stdout)));
      }
    });
}
