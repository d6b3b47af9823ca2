import { setTimeout as pause } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { type Inspection, sighting, type Watcher } from '../../actors/inspection.js';
import type { ProgressUpdate } from '../../actors/progress.js';
import { once } from '../../actors/run-context.js';
import { openServer, type Place } from '../web/local-server.js';
import { INSPECTOR_FRAMES, inspectorPages } from './pages.js';
import { RunFeed } from './run-feed.js';
import type { StatelyFeed } from './stately-feed.js';

/** Watches a run and shows it on pages, for as long as the run goes. It never stands in the run's way: what it is told takes
 *  microseconds, a fault of its own ends the watching and not the run, and no timer of its keeps the process alive. */
export interface Inspector {
  readonly url: string;
  readonly statelyUrl: string;
  readonly watcher: Watcher;
  readonly onProgress: (update: ProgressUpdate) => void;
  /** Tells the pages that the run has ended, and closes. */
  close(): Promise<void>;
}

/** The time that pages have to read the end. */
const LAST_WORDS_MS = 500;
/** Actors kept for Stately's inspector, which is told of them when its page is opened. */
const ACTOR_COUNT = 300;

/** @throws UsageError for a place that can't be had. */
export async function openInspector(
  place: Place,
  rzeroVersion: string,
  onFault: (text: string) => void,
): Promise<Inspector> {
  const run = new RunFeed(rzeroVersion);
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: 1024 }); // nothing is read from them
  let broken = false;
  const fault = (error: unknown): void => {
    if (!broken) onFault(`the inspector has stopped watching, the run goes on: ${error}`);
    broken = true;
  };
  const safely =
    <T>(watch: (seen: T) => void) =>
    (seen: T): void => {
      if (broken) return;
      try {
        watch(seen);
      } catch (error) {
        fault(error);
      }
    };

  const actors = new Map<string, Inspection>();
  let stately: StatelyFeed | null = null;
  const openStately = once(async () => {
    const { StatelyFeed } = await import('./stately-feed.js');
    stately = new StatelyFeed();
    for (const actor of actors.values()) stately.inspection(actor);
    return stately.feed;
  });
  const pages = inspectorPages(run.feed, openStately);
  const server = await openServer(pages, place, (error) => onFault(`the inspector could not answer a page: ${error}`), {
    frames: INSPECTOR_FRAMES,
    webSockets,
  });
  const at = (path: string): string => {
    const url = new URL(server.url);
    url.pathname = path;
    return url.href;
  };

  return {
    url: at('/inspect'),
    statelyUrl: at('/inspect/stately'),
    watcher: {
      onInspection: safely((event: Inspection) => {
        keepLatest(actors, event);
        run.inspection(event);
        stately?.inspection(event);
      }),
      onTask: safely((entry) => run.task(entry)),
    },
    onProgress: safely((update) => run.progress(update)),
    close: async () => {
      run.end();
      stately?.end();
      await Promise.race([
        Promise.all([run.feed.drained(), stately?.feed.drained()]),
        pause(LAST_WORDS_MS, null, { ref: false }),
      ]);
      await new Promise((resolve) => setImmediate(resolve)); // what was written reaches the sockets
      await server.close();
    },
  };
}

/** Of the actors that were started under one path the latest is kept. */
function keepLatest(actors: Map<string, Inspection>, event: Inspection): void {
  const seen = sighting(event);
  if (seen?.kind !== 'actor') return;
  actors.delete(seen.path);
  actors.set(seen.path, event);
  const oldest = actors.keys().next();
  if (actors.size > ACTOR_COUNT && !oldest.done) actors.delete(oldest.value);
}
