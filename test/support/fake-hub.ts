import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeHub {
  readonly url: string;
  /** Paths asked for so far. */
  readonly asked: readonly string[];
}

/** A server in the hub's place on a free port of the loopback; it is closed after the test. */
export async function fakeHub(
  t: { after(release: () => unknown): void },
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeHub> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
