import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerPlace } from '../../src/remote/exchange.js';

/** A request as a server of ours got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a server of ours answers: a JSON value, a status with a body, or anything that it writes by itself. */
export type Answering = (request: Received, response: ServerResponse) => unknown;

export interface FakeServer {
  readonly place: ServerPlace;
  /** Every request so far, in order. */
  readonly received: readonly Received[];
  readonly requests: (path: string) => readonly Received[];
}

/** An answer that is not a plain 200 with JSON. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: string | object,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** Answered by the handler itself, later or never. */
export const LEFT_ALONE = Symbol('left alone');

/** A server on a free port of the loopback, with a handler for each path below /v1; it is closed after the test. Without
 *  a handler of their own, /models names one model. */
export async function fakeServer(
  t: { after(release: () => unknown): void },
  handlers: Readonly<Record<string, Answering>>,
): Promise<FakeServer> {
  const received: Received[] = [];
  const all: Readonly<Record<string, Answering>> = { '/models': () => ({ data: [{ id: 'base' }] }), ...handlers };
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', url = '', headers } = incoming;
      const path = url.replace(/^\/v1/, '');
      const request = { method, path, headers, body: text === '' ? {} : (JSON.parse(text) as Received['body']) };
      received.push(request);
      const handler = all[path];
      const answer = handler === undefined ? new Answer(404, '') : handler(request, response);
      if (answer !== LEFT_ALONE) send(response, answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    place: placeAt(`http://127.0.0.1:${port}/v1`),
    received,
    requests: (path) => received.filter((request) => request.path === path),
  };
}

/** A server's place as a run has it that asks for rollouts without a key. */
export function placeAt(url: string): ServerPlace {
  return { purpose: 'rollouts', url, apiKey: null, keyVariable: 'OPENAI_API_KEY', timeoutSeconds: 20 };
}

function send(response: ServerResponse, answer: unknown): void {
  const { status, body, headers } = answer instanceof Answer ? answer : new Answer(200, answer as object);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    ...headers,
  });
  response.end(text);
}
