import { NOBODY } from '../../actors/follower.js';
import { toPlainError } from '../../src/errors.js';
import type { NamedFollower } from '../followers.js';
import type { LocalServer, Place } from '../web/local-server.js';

/** The dashboard beside a run of the same process. */
export interface DashboardBeside {
  /** Begins when the run has made its rows: before, there may be no database. */
  readonly follower: NamedFollower;
  /** Ends the page, and says how to see it again. */
  close(): Promise<void>;
}

/** Serves the dashboard of a database for as long as a run goes on, says where, and calls `opened`. A page that can't be served
 *  is told and stops no run. */
export function dashboardBeside(
  databaseFile: string,
  place: Place,
  say: (text: string) => void,
  opened: (url: string) => Promise<void>,
): DashboardBeside {
  let opening: Promise<LocalServer | null> = Promise.resolve(null);
  const open = async (): Promise<LocalServer | null> => {
    try {
      const { serveDashboard } = await import('./serve.js');
      const server = await serveDashboard(databaseFile, place);
      say(`dashboard at ${server.url}`);
      await opened(server.url);
      return server;
    } catch (error) {
      say(`the dashboard can't be served: ${toPlainError(error).message}`);
      return null;
    }
  };
  return {
    follower: {
      ...NOBODY,
      name: 'the dashboard',
      onBegin: () => {
        opening = open();
      },
      close: () => {},
    },
    close: async () => {
      const server = await opening;
      if (server === null) return;
      await server.close();
      say(`the dashboard has ended with the run; rzero dashboard --db ${databaseFile} shows it again`);
    },
  };
}
