import { z } from 'zod';
import { ServerError } from '../errors.js';
import { ADDRESS_FLAGS, nameOf, PassingFault, type Reply, type ServerPlace, withoutKey } from './exchange.js';
import { retryAfterMs } from './persistence.js';

/** A refusal whose status tells what to do about it. */
export class Refusal extends ServerError {
  constructor(
    message: string,
    readonly status: number,
    /** What the server said. */
    readonly said: string,
  ) {
    super(message);
  }
}

/** Full for now, or out of order for now. */
const PASSING = [408, 429, 500, 502, 503, 504];

/** The text of an answer that is a success.
 *  @throws PassingFault for a status that may be gone at the next attempt, Refusal for any other. */
export function accepted(place: ServerPlace, path: string, { status, headers, text }: Reply): string {
  if (status >= 200 && status < 300) return text;
  const said = whatServerSaid(withoutKey(place, text));
  const quoted = said === '' ? '' : `: ${said}`;
  if (PASSING.includes(status)) {
    throw new PassingFault(`${nameOf(place)} answers ${path} with ${status}${quoted}`, {
      waitMs: retryAfterMs(headers['retry-after'], Date.now()),
    });
  }
  throw new Refusal(
    sentence(place, path, status, quoted, withoutKey(place, headers.location ?? 'nowhere')),
    status,
    said,
  );
}

function sentence(place: ServerPlace, path: string, status: number, quoted: string, location: string) {
  if (status === 401 || status === 403) {
    return place.apiKey === null
      ? `${nameOf(place)} wants a key (${status}); put it into the environment variable ${place.keyVariable}`
      : `${nameOf(place)} refuses the key in ${place.keyVariable} (${status})${quoted}`;
  }
  if (status >= 300 && status < 400)
    return `${nameOf(place)} sends on to ${printable(location)} (${status}); name that address with ${ADDRESS_FLAGS[place.purpose]}`;
  if (status === 404 && quoted === '')
    return `${nameOf(place)} has no ${path} (404); an OpenAI-compatible address ends in /v1`;
  return `${nameOf(place)} refuses ${path} (${status})${quoted}`;
}

const refusalBody = z.union([
  z.looseObject({ error: z.looseObject({ message: z.string() }) }).transform(({ error }) => error.message),
  z.looseObject({ error: z.string() }).transform(({ error }) => error),
  z.looseObject({ message: z.string() }).transform(({ message }) => message),
  z.looseObject({ detail: z.string() }).transform(({ detail }) => detail),
]);

/** The message in the body of a refusal; empty where there is none that can be read. */
function whatServerSaid(text: string): string {
  const parsed = refusalBody.safeParse(jsonOrNull(text));
  return parsed.success ? printable(parsed.data) : '';
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page: nothing to quote
  }
}

/** Text from outside on one short line, without what a terminal would obey. */
export function printable(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 300)}…`;
}
