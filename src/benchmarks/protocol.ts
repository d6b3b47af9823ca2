import { createHash } from 'node:crypto';
import { GRADER_VERSION } from '../grading/answer-rules.js';
import type { Shots } from './shots.js';

/** How a score was taken. It stands beside every number: two numbers are comparable where it is the same. */
export interface Protocol {
  /** Worked examples ahead of each question, and the file that they are from. */
  readonly shots: number;
  readonly shotsFile: string | null;
  /** SHA-256 of the whole prompt for a question of one fixed text: of the chat template, the words and the examples. */
  readonly templateSha256: string;
  /** What was put behind the prompt, to force the working for instance. */
  readonly prefix: string | null;
  /** 0 takes the likeliest token each time. Nothing is cut from the distribution. */
  readonly temperature: number;
  readonly samples: number;
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
  /** Texts ahead of which an answer ends, beside the tokens that end a text. */
  readonly stops: readonly string[];
  readonly seed: number;
  readonly graderVersion: number;
}

/** The text in the place of a question, for the hash of a template. */
export const PLACEHOLDER = 'QUESTION';

export const templateHash = (prompt: string): string => createHash('sha256').update(prompt).digest('hex');

/** What the protocols of one evaluation share. */
export type CommonProtocol = Pick<Protocol, 'maxTokens' | 'stops' | 'seed'>;

export function protocolOf(
  common: CommonProtocol,
  { examples, file }: Shots,
  template: string,
  decoding: Pick<Protocol, 'prefix' | 'temperature' | 'samples'>,
): Protocol {
  const { maxTokens, stops, seed } = common;
  return {
    shots: examples.length,
    shotsFile: file,
    templateSha256: templateHash(template),
    ...decoding,
    maxTokens,
    stops,
    seed,
    graderVersion: GRADER_VERSION,
  };
}
