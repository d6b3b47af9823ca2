import type { RunConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import { ChatServer } from '../src/remote/chat.js';

/**
 * The judge of a run's labels, where its settings name one. A key goes to the server that it is for:
 * - ORACLE_API_KEY goes to the judge and nowhere else;
 * - OPENAI_API_KEY goes to the judge only where there is no such key and no other server has it: a run that samples its
 *   rollouts elsewhere gives it to that server;
 * - where that would send OpenAI's key to somebody else, nothing is sent.
 */

/** The keys in the environment; null for none. They are never stored. */
export interface JudgeKeys {
  /** OPENAI_API_KEY. */
  readonly serverKey: string | null;
  /** ORACLE_API_KEY. */
  readonly oracleKey: string | null;
}

/** Nothing waits for a verdict: two minutes in all with eight attempts, for limits that are by the minute. */
const FIRST_WAIT_MS = 500;

/** The judge's server; null for a run without a judge. It is not spoken to yet. */
export function judgeServer(config: RunConfig, keys: JudgeKeys): ChatServer | null {
  const { model, ...settings } = config.oracle;
  if (model === null) return null;
  const url = settings.url.replace(/\/+$/, ''); // verdicts are found again by it
  return new ChatServer(
    { ...settings, ...keyFor(config, keys), purpose: 'oracle', model, url },
    { attempts: settings.attempts, firstWaitMs: FIRST_WAIT_MS },
  );
}

/** @throws UsageError where OPENAI_API_KEY seems to be for a judge at OpenAI, and would go to the server of the rollouts. */
export function requireOwnKey({ oracle, rollouts }: RunConfig, { serverKey, oracleKey }: JudgeKeys): void {
  if (oracle.model === null || rollouts.url === null || oracleKey !== null || serverKey === null) return;
  const [judge, sampler] = [new URL(oracle.url), new URL(rollouts.url)];
  if (judge.hostname === 'api.openai.com' && sampler.origin !== judge.origin)
    throw new UsageError(
      `OPENAI_API_KEY would go to the server of the rollouts at ${rollouts.url}; put the key of the judge into ORACLE_API_KEY, and leave OPENAI_API_KEY unset unless it is that server's`,
    );
}

/** A line on who judges, and on the key that seems to be missing. */
export function aboutJudge({ settings }: ChatServer, { oracle }: RunConfig, { serverKey }: JudgeKeys): string {
  const which = oracle.exact ? "kept questions that can't be computed" : 'kept questions';
  const judge = `up to ${oracle.questions} ${which} are judged in each iteration by ${settings.model} at ${settings.url}`;
  if (settings.apiKey !== null) return judge;
  if (serverKey !== null)
    return `${judge}, without a key: OPENAI_API_KEY is for the rollouts, so put the judge's into ORACLE_API_KEY`;
  return new URL(settings.url).protocol === 'https:'
    ? `${judge}, without a key: there is none in ORACLE_API_KEY`
    : judge;
}

function keyFor(
  { oracle, rollouts }: RunConfig,
  { serverKey, oracleKey }: JudgeKeys,
): { readonly apiKey: string | null; readonly keyVariable: string } {
  const isTheirs = rollouts.url !== null && new URL(rollouts.url).origin !== new URL(oracle.url).origin;
  if (oracleKey === null && serverKey !== null && !isTheirs)
    return { apiKey: serverKey, keyVariable: 'OPENAI_API_KEY' };
  return { apiKey: oracleKey, keyVariable: 'ORACLE_API_KEY' };
}
