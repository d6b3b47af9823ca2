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
  const content = contentOf(text);
  return content === '' ? null : keyOf(content);
}

/** The reading of an answer; null for one without content. Never throws; a few milliseconds at the most. */
export function readAnswer(text: string): Reading | null {
  const content = contentOf(text);
  return content === '' ? null : readContent(content);
}

/** The reading of a content that is not empty. */
export function readContent(content: string): Reading {
  startWork();
  const answer = content.length > MAX_ANSWER_LENGTH ? null : decideOr(null, () => parseAnswer(content));
  return { spelling: keyOf(content), answer, key: answer === null ? null : answerKey(answer) };
}

/** The normalised text of an answer, or what is in its last box where it is too long to be one; if that is too long as
 *  well, it stays as it is. */
export function contentOf(text: string): string {
  const bounded = text.length > MAX_ANSWER_LENGTH ? (lastBoxed(text) ?? text) : text;
  return bounded.length > MAX_ANSWER_LENGTH ? bounded.trim() : normalizeAnswer(bounded);
}

function keyOf(content: string): string {
  return plainNumber(content) ?? (content.length > MAX_ANSWER_LENGTH ? content : spelling(content));
}

/** Whether two readings say the same. Spends from the allowance that is under way: begin with `startWork`. */
export function sameReading(a: Reading, b: Reading): boolean {
  if (a.spelling === b.spelling || (a.key !== null && a.key === b.key)) return true;
  const [left, right] = [a.answer, b.answer];
  if (left === null || right === null) return false;
  return decideOr(false, () => sameAnswer(left, right));
}
