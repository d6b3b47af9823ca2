import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Interrupted, ServerError } from '../errors.js';

/**
 * One request to a server that is not trusted, and its answer. Rules:
 * - `node:http` and not `fetch`, which gives up on a server that has sent no header within 300 seconds: long completions
 *   on a slow machine take longer;
 * - an answer is read up to a bound, and a redirection is not followed: the key would go along;
 * - the signal ends a request at once.
 */

/** What a server is asked for: also the name of its group of settings. */
export type ServerPurpose = 'rollouts' | 'oracle';

/** The flag with which a person names a server's address. */
export const ADDRESS_FLAGS = { rollouts: '--rollouts', oracle: '--oracle-url' } as const satisfies Record<
  ServerPurpose,
  string
>;

/** A server and how it is spoken to. */
export interface ServerPlace {
  readonly purpose: ServerPurpose;
  /** Where the OpenAI-compatible paths begin, such as http://127.0.0.1:8000/v1. */
  readonly url: string;
  /** Sent as a bearer token; null for none. */
  readonly apiKey: string | null;
  /** The environment variable that has the key, or where one would be looked for. */
  readonly keyVariable: string;
  readonly timeoutSeconds: number;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  /** Below the place's address, such as `/completions`. */
  readonly path: string;
  /** Sent as JSON; null for none. */
  readonly body: object | null;
  /** Largest answer, in bytes. */
  readonly maxBytes: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A fault that may be gone at the next attempt. */
export class PassingFault extends ServerError {
  /** How long the server asks to wait; null where it says nothing. */
  readonly waitMs: number | null;

  constructor(message: string, options: { cause?: unknown; waitMs?: number | null } = {}) {
    super(message, options);
    this.waitMs = options.waitMs ?? null;
  }
}

/** How a server is named in messages. */
export const nameOf = ({ url, purpose }: ServerPlace): string =>
  `the ${purpose === 'oracle' ? 'oracle' : 'server'} at ${url}`;

/** A server's text without the key, which a server may quote: for all that is printed or stored. What is shorter than any
 *  secret, such as the `EMPTY` of some servers, is left. */
export const withoutKey = ({ apiKey }: ServerPlace, text: string): string =>
  apiKey === null || apiKey.length < 8 ? text : text.replaceAll(apiKey, '[key]');

/** The server's answer, whatever its status.
 *  @throws Interrupted when the signal is aborted; PassingFault when the connection breaks; ServerError when nothing
 *  listens, when the answer is too late or too large. */
export function exchange(place: ServerPlace, question: Question, signal: AbortSignal): Promise<Reply> {
  const url = new URL(`${place.url.replace(/\/+$/, '')}${question.path}`);
  const body = question.body === null ? null : Buffer.from(JSON.stringify(question.body));
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': `${body.length}` }),
    ...(place.apiKey === null ? {} : { authorization: `Bearer ${place.apiKey}` }),
  };
  return new Promise((resolve, reject) => {
    const stopped = (): Interrupted => new Interrupted('stopped before the server answered');
    if (signal.aborted) return reject(stopped());
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = request(url, { method: question.method, headers });
    const timeout = AbortSignal.timeout(place.timeoutSeconds * 1000);
    const end = (reason: Error): void => {
      reject(reason); // before the errors that the broken connection now brings
      outgoing.destroy();
    };
    const onStop = (): void => end(stopped());
    const onTimeout = (): void =>
      end(
        new ServerError(
          `${nameOf(place)} gave no answer within ${place.timeoutSeconds} s; see what it is doing, or raise ${place.purpose}.timeoutSeconds`,
        ),
      );
    signal.addEventListener('abort', onStop);
    timeout.addEventListener('abort', onTimeout);
    outgoing.on('close', () => {
      signal.removeEventListener('abort', onStop);
      timeout.removeEventListener('abort', onTimeout);
    });
    outgoing.on('error', (cause) => reject(connectionFault(place, cause)));
    outgoing.on('response', (incoming) => {
      read(place, incoming, question.maxBytes).then(
        (text) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        end,
      );
    });
    outgoing.end(body ?? undefined);
  });
}

async function read(place: ServerPlace, incoming: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new ServerError(`${nameOf(place)} sent more than the ${maxBytes} bytes expected`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof ServerError ? cause : connectionFault(place, cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function connectionFault(place: ServerPlace, cause: unknown): ServerError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const flag = ADDRESS_FLAGS[place.purpose];
  switch (code) {
    case 'ECONNREFUSED':
      return new PassingFault(`nothing listens at ${place.url}; start the server, or name another with ${flag}`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ServerError(`the host of ${place.url} is not known; name another address with ${flag}`);
    default:
      return new PassingFault(`the connection to ${place.url} broke (${code || 'no reason given'})`, { cause });
  }
}
