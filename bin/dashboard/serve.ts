import { toPlainError } from '../../src/errors.js';
import { openReader } from '../../storage/database.js';
import { type LocalServer, openServer, type Place } from '../web/local-server.js';
import { dashboardPages } from './pages.js';

/** Serves the dashboard over a database file, with a connection of its own, until it is closed.
 *  @throws DatabaseError for a database that can't be read; UsageError for a port or an address that can't be had. */
export async function serveDashboard(databaseFile: string, place: Place): Promise<LocalServer> {
  const db = openReader(databaseFile);
  const { pages, close } = dashboardPages(db);
  const release = (): void => {
    close();
    db.close();
  };
  try {
    const server = await openServer(pages, place, tellFault);
    return {
      url: server.url,
      close: async () => {
        await server.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function tellFault(error: Error): void {
  process.stderr.write(`rzero: the dashboard could not answer: ${toPlainError(error).stack ?? error.message}\n`);
}
