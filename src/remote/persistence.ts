import { setTimeout as pause } from 'node:timers/promises';
import { Interrupted, ServerError } from '../errors.js';
import { uniform } from '../random.js';
import { PassingFault } from './exchange.js';

/** How often and how long a faulty server is tried again. */
export interface Persistence {
  readonly attempts: number;
  /** Wait after the first fault; each wait is twice the one before. */
  readonly firstWaitMs: number;
}

/** A server that was well a moment ago: eight seconds in all, for a restart behind a proxy or a full queue. */
export const PATIENT: Persistence = { attempts: 6, firstWaitMs: 250 };
/** A server that is met for the first time. */
export const ONCE: Persistence = { attempts: 1, firstWaitMs: 0 };

/** A fault that was there at every attempt. */
export class OutlastingFault extends ServerError {}

/** Longest wait that a server may ask for. */
const LONGEST_WAIT_MS = 120_000;

/** What `attempt` gives, tried again after passing faults. Waits are as long as the server asks, or grow; they are spread
 *  so that requests that failed together do not come again together.
 *  @throws OutlastingFault after the last attempt; Interrupted when the signal is aborted; what else `attempt` throws. */
export async function persistently<T>(
  { attempts, firstWaitMs }: Persistence,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (fault) {
      if (!(fault instanceof PassingFault)) throw fault;
      if (tried >= attempts) {
        throw new OutlastingFault(tried === 1 ? fault.message : `${fault.message} (tried ${tried} times)`, {
          cause: fault.cause,
        });
      }
      if (fault.waitMs !== null && fault.waitMs > LONGEST_WAIT_MS) {
        throw new OutlastingFault(`${fault.message}, and asks to wait ${Math.round(fault.waitMs / 1000)} s`);
      }
      await waited(fault.waitMs ?? firstWaitMs * 2 ** (tried - 1) * (0.5 + spread()), signal);
    }
  }
}

/** How long a Retry-After header asks to wait: seconds or a date. Null for none that can be read. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

let waits = 0;
/** From 0 to 1, another at each wait; nothing that a seed reproduces depends on it. */
const spread = (): number => uniform(1, waits++);

async function waited(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(milliseconds, undefined, { signal });
  } catch (cause) {
    throw new Interrupted('stopped before the server was asked again', { cause });
  }
}
