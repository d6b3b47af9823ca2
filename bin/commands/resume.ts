import type { Command } from 'commander';
import { type FollowFlags, followRun } from '../follow-run.js';
import { logOption } from '../loggers/destinations.js';
import {
  databaseOption,
  defineCommand,
  jsonOption,
  type OracleFlags,
  oracleOption,
  oracleUrlOption,
  quietOption,
  rolloutsOption,
} from '../options.js';
import { pageOptions } from '../web/flags.js';

/** `resume`: goes on with a run that was stopped, killed, or failed. */
export function addResume(program: Command): void {
  const command = defineCommand(
    program,
    'resume',
    'go on with a run that was stopped, killed or failed, to the same weights',
    [
      'rzero resume                    the latest run that has not come to its end',
      'rzero resume r7f3k2 --db experiments.db --inspect',
      'rzero resume --rollouts openai:http://127.0.0.1:8001/v1         its server has moved',
      'rzero resume --oracle none                                      its judge of labels is not asked any more',
    ],
  )
    .argument('[run]', 'its id or the beginning of it')
    .addOption(databaseOption())
    .addOption(rolloutsOption())
    .addOption(oracleOption())
    .addOption(oracleUrlOption())
    .addOption(logOption())
    .addOption(quietOption())
    .addOption(jsonOption('print the run as one JSON object on stdout at the end, as rzero show --json does'))
    .action(async (run: string | undefined, flags: FollowFlags & OracleFlags & { readonly rollouts?: string }) => {
      const { resumeRun } = await import('../../actors/run.js');
      await followRun(flags, (hooks) =>
        resumeRun({
          run: run ?? null,
          databaseFile: flags.db,
          serverUrl: flags.rollouts ?? null,
          judge: { model: flags.oracle?.model, url: flags.oracleUrl },
          ...hooks,
        }),
      );
    });
  for (const option of pageOptions()) command.addOption(option);
}
