import { readFileSync } from 'node:fs';
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { WebSocket } from 'ws';
import type { Frames } from '../web/headers.js';
import { pageFiles } from '../web/page-files.js';
import type { Feed, FeedReader } from './feed.js';

/** The inspector's pages: our own, and one around Stately's. A page reads as fast as it can, and the feed waits for none. */

/** Stately's inspector is a page of theirs that is framed, and told by this browser what our page is told. */
const STATELY_PATH = '/inspect/stately';
export const INSPECTOR_FRAMES: Frames = { [STATELY_PATH]: 'https://stately.ai' };

/** Pages that may read at once. */
const READER_COUNT = 20;
/** The code that closes a WebSocket with the advice to try again later. */
const TRY_LATER = 1013;

const PAGE = new URL('../../../bin/page/inspect.html', import.meta.url); // from dist/bin/inspect
const STATELY_PAGE = new URL('../../../bin/page/stately.html', import.meta.url);

/** `stately` makes the feed for Stately's inspector when its page is first asked for. */
export function inspectorPages(feed: Feed, stately: () => Promise<Feed>): Hono {
  const app = new Hono();
  const [page, statelyPage] = [readFileSync(PAGE, 'utf8'), readFileSync(STATELY_PAGE, 'utf8')];
  let readerCount = 0;
  const readAll = async (reader: FeedReader, take: (texts: readonly string[]) => Promise<unknown>): Promise<void> => {
    readerCount++;
    for (let texts = await reader.next(); texts !== null; texts = await reader.next()) await take(texts);
    reader.close();
    readerCount--;
  };
  app.get('/', (context) => context.redirect('/inspect'));
  app.get('/inspect', (context) => context.html(page));
  app.get(STATELY_PATH, async (context) => {
    await stately();
    return context.html(statelyPage);
  });
  app.get('/inspect/events', (context) => {
    if (readerCount >= READER_COUNT) return context.text('Too many pages look on; close one.\n', 503);
    return streamSSE(context, async (stream) => {
      const reader = feed.open();
      stream.onAbort(() => reader.close());
      await readAll(reader, (texts) => stream.write(texts.map((text) => `data: ${text}\n\n`).join('')));
    });
  });
  app.get(
    '/inspect/stately/events',
    upgradeWebSocket(async () => {
      const told = await stately();
      let reader: FeedReader | null = null;
      return {
        onOpen: (_, { raw }) => {
          if (!(raw instanceof WebSocket)) return;
          if (readerCount >= READER_COUNT) {
            raw.close(TRY_LATER);
            return;
          }
          reader = told.open();
          void readAll(reader, (texts) => sent(raw, texts)).then(() => raw.close());
        },
        onClose: () => reader?.close(),
        onError: () => reader?.close(),
      };
    }),
  );
  app.route('/', pageFiles());
  return app;
}

/** Resolves when the last text has left, or can't. */
async function sent(socket: WebSocket, texts: readonly string[]): Promise<void> {
  for (const text of texts.slice(0, -1)) socket.send(text, () => {});
  await new Promise<void>((resolve) => socket.send(texts.at(-1) ?? '', () => resolve()));
}
