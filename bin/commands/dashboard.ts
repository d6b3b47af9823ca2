import type { Command } from 'commander';
import { databaseOption, defineCommand } from '../options.js';
import { printText } from '../terminal/output.js';
import { placeOptions } from '../web/flags.js';

interface DashboardFlags {
  readonly db: string;
  readonly port?: number;
  readonly host: string;
  readonly open: boolean;
}

/** `dashboard`: a page over the database, live while a run goes on. */
export function addDashboard(program: Command): void {
  const command = defineCommand(
    program,
    'dashboard',
    'look at the runs of a database in the browser, live while one goes on',
    [
      'rzero dashboard',
      'rzero dashboard --db experiments.db --port 8080 --no-open',
      'rzero dashboard --host 0.0.0.0              for other machines too: who opens it needs the token in the address',
    ],
  )
    .addOption(databaseOption())
    .addHelpText('after', '\nThe page only reads. Ctrl-C ends it; a run goes on without it.')
    .action(async ({ db, port, host, open }: DashboardFlags) => {
      const { serveDashboard } = await import('../dashboard/serve.js');
      const server = await serveDashboard(db, { host, port: port ?? null });
      const end = interrupted();
      printText(`dashboard of ${db} at ${server.url}`);
      if (open) {
        const { openBrowser } = await import('../web/open-browser.js');
        await openBrowser(server.url);
      }
      await end;
      await server.close();
    });
  for (const option of placeOptions()) command.addOption(option);
}

/** Until Ctrl-C, or SIGTERM. There is nothing to finish, so it is no failure. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
