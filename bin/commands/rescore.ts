import type { Command } from 'commander';
import type { Rescored } from '../../actors/rescore.js';
import { openWriter } from '../../storage/database.js';
import { databaseOption, defineCommand, jsonOption, wholeNumber } from '../options.js';
import { type Colours, coloursFor } from '../terminal/colour.js';
import { printJson, printText } from '../terminal/output.js';
import { printable } from '../terminal/printable.js';
import { textTable } from '../terminal/tables.js';

interface RescoreFlags {
  readonly db: string;
  readonly dryRun?: true;
  readonly show: number;
  readonly json?: true;
}

/** `rescore`: grades the stored answers of an evaluation again. */
export function addRescore(program: Command): void {
  defineCommand(program, 'rescore', 'grade the stored answers of an evaluation again, and say what changed', [
    'rzero rescore                       the latest evaluation',
    'rzero rescore e4k2mw --dry-run      only say it',
    'rzero rescore --json | jq .results',
  ])
    .argument('[evaluation]', 'its id or the beginning of it; the latest where none is named')
    .addOption(databaseOption())
    .option('--dry-run', 'change nothing in the database')
    .option('--show <n>', 'changed answers to show of each benchmark', wholeNumber(0), 10)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nNothing is generated: only what is read from the answers, and what is made of it, may be new.\n--json: {evaluation, results: [{benchmark, metric, items, answers, before, after, changed: [{question, gold, extracted, right}]}]}',
    )
    .action(async (evaluation: string | undefined, flags: RescoreFlags) => {
      const { rescore } = await import('../../actors/rescore.js');
      const db = openWriter(flags.db);
      try {
        const rescored = await rescore(db, evaluation ?? null, flags.dryRun === true);
        if (flags.json) printJson(rescored);
        else printText(rescoredText(rescored, flags, coloursFor(process.stdout)));
      } finally {
        db.close();
      }
    });
}

function rescoredText({ evaluation, results }: Rescored, { dryRun, show }: RescoreFlags, colours: Colours): string {
  const table = textTable(
    [
      ['benchmark', 'left'],
      ['metric', 'left'],
      ['answers', 'right'],
      ['before', 'right'],
      ['after', 'right'],
      ['now right', 'right'],
      ['now wrong', 'right'],
      ['grader', 'right'],
    ],
    results.map(({ benchmark, metric, answers, before, after, changed }) => [
      benchmark,
      metric,
      String(answers),
      before.score.toFixed(1),
      after.score.toFixed(1),
      String(changed.filter(({ right }) => right).length),
      String(changed.filter(({ right }) => !right).length),
      `${before.graderVersion} → ${after.graderVersion}`,
    ]),
    colours,
  );
  const shown = results.flatMap(({ changed }) =>
    changed
      .slice(0, show)
      .map(({ question, gold, extracted, right }) => [
        right ? 'right' : 'wrong',
        printable(gold, 40),
        printable(extracted ?? '-', 40),
        printable(question, 60),
      ]),
  );
  const columns = ['now', 'reference', 'answer', 'question'].map((name) => [name, 'left'] as const);
  const kept = dryRun === true ? 'nothing was recorded (--dry-run)' : 'recorded';
  return [
    `${colours.bold(`evaluation ${evaluation}`)}, graded again: ${kept}`,
    table,
    ...(shown.length === 0 ? [] : [textTable(columns, shown, colours)]),
  ].join('\n\n');
}
