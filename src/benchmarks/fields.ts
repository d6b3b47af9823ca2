import { z } from 'zod';
import { lastBoxed } from '../grading/boxed.js';
import { countdownGold } from '../grading/countdown.js';
import { countdownQuestion } from './countdown-question.js';

/**
 * Records of the public files as items: which fields are read, and what the reference answer is. A reader takes any value,
 * for a file is hostile input.
 */

/** What one record of a file gives. */
export interface FileItem {
  readonly question: string;
  readonly answer: string;
  /** A worked solution that ends in the boxed answer; null where the file has none. */
  readonly solution: string | null;
}
/** The item that a record gives, or the reason why it gives none, which begins with the field. */
export type RecordReader = (value: unknown) => FileItem | string;

/** Longer than the longest question of any file. */
const MAX_LENGTH = 200_000;
export const text = z.string().max(MAX_LENGTH);
/** A text that says something. */
export const said = text.refine((value) => value.trim() !== '', 'expected a text, got an empty one');
export const oneOrOther = z.union([z.string().min(1).max(MAX_LENGTH), z.number()]);

/** The reader of records of a form. */
export function reader<T>(schema: z.ZodType<T>, read: (record: T) => FileItem | string): RecordReader {
  return (value) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? read(parsed.data) : reason(parsed.error.issues[0], value);
  };
}

/** What is wrong, with the fields that are there where one is missing. */
function reason(issue: z.core.$ZodIssue | undefined, record: unknown): string {
  if (issue?.code === 'invalid_union') {
    const first = issue.errors[0]?.[0];
    if (first !== undefined) return reason({ ...first, path: [...issue.path, ...first.path] }, record);
  }
  const path = issue?.path.join('.') ?? '';
  const message = (issue?.message ?? 'not of the expected form').replace(/^Invalid input: /, '');
  const missing = /, received undefined$/.test(message) && issue?.path.length === 1 && typeof record === 'object';
  const found = missing ? message.replace(/, received undefined$/, `, got none among ${fieldNames(record)}`) : message;
  return `${path === '' ? 'the record' : path}: ${found.replace(', received ', ', got ')}`;
}

const fieldNames = (record: object | null): string =>
  Object.keys(record ?? {})
    .slice(0, 12)
    .map((name) => JSON.stringify(name.slice(0, 40)))
    .join(', ') || 'no fields';

/** A solution that ends in its answer, from the texts of both. */
export const boxed = (working: string, answer: string): string => `${working.trim()} \\boxed{${answer}}`.trim();

/** What a file has in place of what was expected, on one short line. */
const quoted = (text: string): string => JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}…`);

const NO_BOX = 'solution: expected the answer in \\boxed{}, got none';

/** Hendrycks et al. 2021, in one file: the answer is the last box of the solution. */
export const math = reader(z.looseObject({ problem: said, level: oneOrOther, solution: text }), (record) => {
  const answer = lastBoxed(record.solution);
  if (answer === null || answer === '') return NO_BOX;
  return { question: record.problem, answer, solution: record.solution };
});

/** The 500 problems of Lightman et al. 2023, which state their answers. */
export const math500 = reader(
  z.looseObject({ problem: said, level: oneOrOther, answer: said, solution: text.optional() }),
  ({ problem, answer, solution }) => ({ question: problem, answer, solution: solution ?? null }),
);

/** Lewkowycz et al. 2022: undergraduate courses of science; the answer is the last box of the solution. */
export const minerva = reader(
  z.looseObject({ problem: said, solution: text, answer: text.optional() }),
  ({ problem, solution, answer: stated }) => {
    const answer = stated?.trim() || lastBoxed(solution);
    if (answer === null || answer === '') return NO_BOX;
    return { question: problem, answer, solution };
  },
);

/** The question under the name that a file has for it. */
const NO_QUESTION = 'problem: expected the question here or in "question", got none';

/** AMC 2023: answers are numbers, some written as 27.0. */
export const amc23 = reader(
  z.looseObject({ problem: said.optional(), question: said.optional(), answer: oneOrOther }),
  ({ problem, question, answer }) => {
    const asked = problem ?? question;
    if (asked === undefined) return NO_QUESTION;
    const stated = String(answer).trim();
    if (!/^-?\d{1,9}(?:\.\d{1,9})?$/.test(stated)) return `answer: expected a number, got ${quoted(stated)}`;
    return { question: asked, answer: stated, solution: null };
  },
);

const AIME_ANSWER = /^0*\d{1,3}$/;
const ASKED_TO_BOX = 'Please reason step by step, and put your final answer within \\boxed{}.';

/** AIME: whole numbers from 0 to 999. Some files have the prompt in place of the problem. */
export const aime = reader(
  z.looseObject({
    problem: said.optional(),
    question: said.optional(),
    prompt: said.optional(),
    answer: oneOrOther,
    solution: text.optional(),
  }),
  ({ problem, question, prompt, answer, solution }) => {
    const asked = problem ?? question ?? prompt?.trimEnd();
    if (asked === undefined) return NO_QUESTION;
    const own = asked.endsWith(ASKED_TO_BOX) ? asked.slice(0, -ASKED_TO_BOX.length).trimEnd() : asked;
    const stated = String(answer).trim();
    if (!AIME_ANSWER.test(stated)) return `answer: expected a whole number from 0 to 999, got ${quoted(stated)}`;
    return { question: own, answer: stated, solution: solution === undefined ? null : boxed(solution, stated) };
  },
);

/** He et al. 2024, open-ended problems in English: an answer is several where the problem has several. */
export const olympiadBench = reader(
  z.looseObject({
    question: said,
    final_answer: z.array(said).min(1, 'expected an answer, got none'),
    context: text.nullish(),
    solution: z.array(text).optional(),
  }),
  ({ question, final_answer, context, solution }) => {
    const answer = final_answer.join(', ');
    const working = solution?.[0];
    return {
      question: context ? `${context}\n\n${question}` : question,
      answer,
      solution: working === undefined ? null : boxed(working, answer),
    };
  },
);

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ASK_FOR_LETTER = 'Give the letter of the right option as your answer.';

/** A question with its options under letters, as Huang et al. 2025 ask it. */
export function withOptions(question: string, options: readonly string[]): string {
  const lines = options.map((option, i) => `(${LETTERS[i]}): ${option}`);
  return `${question}\nOptions are:\n${lines.join('\n')}\n\n${ASK_FOR_LETTER}`;
}

const options = z.array(text).min(2, 'expected two options or more').max(LETTERS.length);

/** Wang et al. 2024: up to ten options, and the letter of the right one. */
export const mmluPro = reader(
  z.looseObject({ question: said, options, answer: z.string(), cot_content: text.optional() }),
  ({ question, options, answer, cot_content: working }) => {
    if (!isLetterOf(answer, options.length)) return `answer: expected the letter of an option, got ${quoted(answer)}`;
    const thought = working?.replace(/^A: /, '').replace(/The answer is \([A-Z]\)\.?\s*$/, '') ?? '';
    return { question: withOptions(question, options), answer, solution: boxed(thought, answer) };
  },
);

const LETTERED = /^\(?([A-Z])[.):]/;

/** Du et al. 2025, as published (options and a letter) or with the options inside the question and the answer in full. */
export const superGpqa = reader(
  z.union([
    z.looseObject({ question: said, options, answer_letter: z.string() }),
    z.looseObject({ question: said, answer: said }),
  ]),
  (record) => {
    if ('answer_letter' in record && typeof record.answer_letter === 'string' && 'options' in record) {
      const { question, answer_letter: answer } = record;
      const given = record.options as readonly string[];
      if (!isLetterOf(answer, given.length))
        return `answer_letter: expected the letter of an option, got ${quoted(answer)}`;
      return { question: withOptions(question, given), answer, solution: null };
    }
    const answer = LETTERED.exec(String(record['answer']))?.[1];
    if (answer === undefined) return 'answer: expected a text that begins with the letter of an option, as "B. …"';
    if (!new RegExp(`^\\(?${answer}[.):]`, 'm').test(record.question))
      return `answer: expected the letter of an option in the question, got "${answer}"`;
    return { question: `${record.question.trimEnd()}\n\n${ASK_FOR_LETTER}`, answer, solution: null };
  },
);

const isLetterOf = (letter: string, count: number): boolean =>
  letter.length === 1 && LETTERS.slice(0, count).includes(letter);

/** BIG-Bench Hard (Suzgun et al. 2022) and Extra Hard (Kazemi et al. 2025). */
export const bigBench = reader(
  z.looseObject({
    input: said.transform((value) => value.trim()),
    target: said.transform((value) => value.trim()),
  }),
  ({ input, target }) => ({ question: input, answer: target, solution: null }),
);

const wholeNumber = z.number().int('expected a whole number').safe();

/** Countdown (Gandhi et al. 2024): any expression that makes the target out of all the numbers, each once. */
export const countdown = reader(
  z.looseObject({
    target: wholeNumber,
    nums: z.array(wholeNumber.nonnegative()).min(2, 'expected two numbers or more').max(8),
  }),
  ({ target, nums }) => ({
    question: countdownQuestion(nums, target),
    answer: countdownGold(nums, target),
    solution: null,
  }),
);
