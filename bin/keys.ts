import { UsageError } from '../src/errors.js';

/** A key in the environment, or null for none. @throws UsageError for what can't be sent as one; it is not quoted. */
export function keyIn(variable: 'OPENAI_API_KEY' | 'ORACLE_API_KEY'): string | null {
  const key = process.env[variable]?.trim() ?? '';
  if (/[^\x21-\x7e]/.test(key))
    throw new UsageError(`the key in ${variable} has a space or another character that no key has; set it anew`);
  return key === '' ? null : key;
}
