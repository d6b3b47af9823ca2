import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server';
import { Hono } from 'hono';
import type { WebSocketServer } from 'ws';
import { UsageError } from '../../src/errors.js';
import { guard, isLoopback } from './guard.js';
import { type Frames, safeHeaders } from './headers.js';

/** A web server for pages about runs, on this machine's loopback address unless told otherwise. */

export interface Place {
  /** The address to listen on; anything but a loopback address asks visitors for a token. */
  readonly host: string;
  /** Null for {@link USUAL_PORT}, or a free one where that is taken. */
  readonly port: number | null;
}

export interface LocalServer {
  /** What to open in a browser, with the token where one is asked for. */
  readonly url: string;
  /** Ends all connections, also the ones that stream. */
  close(): Promise<void>;
}

/** What only some pages need. */
export interface Extras {
  readonly frames: Frames;
  /** Upgrades connections for pages that ask for it, after the same checks. */
  readonly webSockets: WebSocketServer | null;
}

const NO_EXTRAS: Extras = { frames: {}, webSockets: null };

export const USUAL_PORT = 4477;

/** Serves `pages` until it is closed. A fault of theirs is told to `onFault`, and to the browser as status 500 only.
 *  @throws UsageError for a port or an address that can't be had. */
export async function openServer(
  pages: Hono,
  { host, port }: Place,
  onFault: (error: Error) => void,
  { frames, webSockets }: Extras = NO_EXTRAS,
): Promise<LocalServer> {
  const token = isLoopback(host) ? null : randomBytes(18).toString('base64url');
  const app = new Hono();
  // The adaptor is made for ws, and describes it without `this` and with fewer undefined.
  const server = createAdaptorServer({
    fetch: app.fetch,
    ...(webSockets === null ? {} : { websocket: { server: webSockets as unknown as WebSocketServerLike } }),
  }) as Server;
  const bound = await listen(server, { host, port });
  // Nobody's request is read before this turn of the event loop ends.
  app.use(guard({ token, port: bound }), safeHeaders(frames));
  app.onError((error, context) => {
    onFault(error);
    return context.text('rzero could not answer this; its terminal says why.\n', 500);
  });
  app.notFound((context) => context.text('There is nothing here.\n', 404));
  app.route('/', pages);
  const name = host.includes(':') ? `[${host}]` : ['0.0.0.0', ''].includes(host) ? 'localhost' : host;
  return {
    url: `http://${name}:${bound}/${token === null ? '' : `?token=${token}`}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const client of webSockets?.clients ?? []) client.terminate();
      await closed;
    },
  };
}

/** The port that the server then listens on. */
async function listen(server: Server, { host, port }: Place): Promise<number> {
  try {
    server.listen({ host, port: port ?? USUAL_PORT });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && port === null) return listen(server, { host, port: 0 });
    throw new UsageError(`no page can be served at ${host}:${port ?? USUAL_PORT}: ${REASONS[code ?? ''] ?? code}`, {
      cause: error,
    });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken; name another one with --port, or leave it out',
  EACCES: 'the port is for administrators; name one above 1023 with --port',
  EADDRNOTAVAIL: 'this machine has no such address; 127.0.0.1 is for this machine only, 0.0.0.0 for all',
  ERR_SOCKET_BAD_PORT: 'a port is a number up to 65535',
  ENOTFOUND: 'no such host; 127.0.0.1 is for this machine only, 0.0.0.0 for all',
};
