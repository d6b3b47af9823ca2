import { decideOr, startWork } from './allowance.js';
import type { Answer } from './answer.js';
import { answerKey } from './answer-key.js';
import { lastBoxed } from './boxed.js';
import { MAX_ANSWER_LENGTH, normalizeAnswer, spelling } from './normalize.js';
import { parseAnswer } from './parse-answer.js';
import { plainNumber } from './plain.js';
import { sameAnswer } from './same-answer.js';

/** An answer, read once for all that it is compared with. */
export interface Reading {
  /** Answers of one spelling are the same, whatever they mean. */
  readonly spelling: string;
  /** What it says; null where it can't be read, or not within bounds: then it equals its own spelling only. */
  readonly answer: Answer | null;
  /** Equal for answers that are certainly the same; null where only a comparison tells. */
  readonly key: string | null;
}

/** A key under which answers of one normalised spelling meet: equal keys are equivalent answers. Answers without a
 *  content have none. */
export function spellingKey(text: string): string | null {
  const digits = plainNumber(text);
  if (digits !== null) return digits;
  const content = boundedText(text);
  const key = content.length > MAX_ANSWER_LENGTH ? content.trim() : spelling(normalizeAnswer(content));
  return key === '' ? null : key;
}

/** The reading of an answer; null for one without content. Never throws; a few milliseconds at the most. */
export function readAnswer(text: string): Reading | null {
  const spelled = spellingKey(text);
  if (spelled === null) return null;
  startWork();
  const content = boundedText(text);
  const answer =
    content.length > MAX_ANSWER_LENGTH ? null : decideOr(null, () => parseAnswer(normalizeAnswer(content)));
  return { spelling: spelled, answer, key: answer === null ? null : answerKey(answer) };
}

/** The text, or what is in its last box where it is too long to be an answer. */
function boundedText(text: string): string {
  return text.length > MAX_ANSWER_LENGTH ? (lastBoxed(text) ?? text) : text;
}

/** Whether two readings say the same. Spends from the allowance that is under way: begin with `startWork`. */
export function sameReading(a: Reading, b: Reading): boolean {
  if (a.spelling === b.spelling || (a.key !== null && a.key === b.key)) return true;
  const [left, right] = [a.answer, b.answer];
  if (left === null || right === null) return false;
  return decideOr(false, () => sameAnswer(left, right));
}
