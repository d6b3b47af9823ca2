import type { Command } from 'commander';
import { databaseOption, defineCommand, wholeNumber } from '../options.js';
import { printText } from '../terminal/output.js';

interface DashboardFlags {
  readonly db: string;
  readonly port?: number;
  readonly host: string;
  readonly open: boolean;
}

/** `dashboard`: a page over the database, live while a run goes on. */
export function addDashboard(program: Command): void {
  defineCommand(program, 'dashboard', 'look at the runs of a database in the browser, live while one goes on', [
    'rzero dashboard',
    'rzero dashboard --db experiments.db --port 8080 --no-open',
    'rzero dashboard --host 0.0.0.0              for other machines too: who opens it needs the token in the address',
  ])
    .addOption(databaseOption())
    .option(
      '--port <n>',
      'the port to serve the page at (default: 4477, or a free one where that is taken)',
      wholeNumber(0),
    )
    .option(
      '--host <address>',
      'the address to listen on; anything but this machine alone asks visitors for a token',
      '127.0.0.1',
    )
    .option('--no-open', 'do not open the browser')
    .addHelpText('after', '\nThe page only reads. Ctrl-C ends it; a run goes on without it.')
    .action(async ({ db, port, host, open }: DashboardFlags) => {
      const { serveDashboard } = await import('../dashboard/serve.js');
      const server = await serveDashboard(db, { host, port: port ?? null });
      printText(`dashboard of ${db} at ${server.url}`);
      if (open) {
        const { openBrowser } = await import('../web/open-browser.js');
        await openBrowser(server.url);
      }
      await interrupted();
      await server.close();
    });
}

/** Until Ctrl-C, or SIGTERM. There is nothing to finish, so it is no failure. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
