import { z } from 'zod';
import { boxed, oneOrOther, reader, said, text } from './fields.js';

/** Records of arithmetic and of word problems as items; as {@link file://./fields.ts}. */

/** Calculator annotations: `<<48/2=24>>`. */
const CALCULATION = /<<[^<>]*>>/g;

/** Cobbe et al. 2021: the answer stands behind `####`, with commas between thousands. */
export const gsm8k = reader(z.looseObject({ question: said, answer: said }), ({ question, answer: worked }) => {
  const at = worked.lastIndexOf('####');
  const answer = at < 0 ? '' : worked.slice(at + 4).trim();
  if (answer === '') return 'answer: expected it to end in "#### " and a number';
  const stated = answer.replaceAll(',', '');
  return { question, answer: stated, solution: boxed(worked.slice(0, at).replace(CALCULATION, ''), stated) };
});

/** A body and a question as one text. Some bodies end without a full stop, to go on with a comma. */
function joined(body: string, question: string): string {
  const before = body.trim();
  if (before === '') return question.trim();
  return `${before}${/[.?!,;:]$/.test(before) ? '' : ','} ${question.trim()}`;
}

/** Patel et al. 2021. */
export const svamp = reader(
  z.looseObject({ Body: text, Question: said, Answer: oneOrOther, Equation: text.optional() }),
  ({ Body, Question, Answer, Equation }) => {
    const answer = String(Answer);
    return { question: joined(Body, Question), answer, solution: boxed(Equation ?? '', answer) };
  },
);

/** The unit behind a number: `9 (apples)`. */
const UNIT = /(?<=\S)\s+\([^()]*\)$/;

/** Miao et al. 2020, from its XML or as JSON lines. Answers are numbers, ratios, times and names; a unit does not count. */
export const asdiv = reader(
  z.looseObject({ body: text, question: said, answer: said, formula: text.optional() }),
  ({ body, question, answer: stated, formula }) => {
    const answer = stated.trim().replace(UNIT, '');
    return { question: joined(body, question), answer, solution: boxed(formula ?? '', answer) };
  },
);

/** Koncel-Kedziorski et al. 2016: as its authors name the fields, or as {input, target}. */
export const mawps = reader(
  z.union([
    z.looseObject({ input: said, target: z.number() }),
    z.looseObject({ sQuestion: said, lSolutions: z.array(z.number()).min(1, 'expected an answer, got none') }),
  ]),
  (record) => {
    const { input, target, sQuestion, lSolutions } = record as {
      readonly [name: string]: unknown;
      readonly lSolutions?: readonly number[];
    };
    const answer = String(target ?? lSolutions?.join(', '));
    return { question: String(input ?? sQuestion).trim(), answer, solution: boxed('', answer) };
  },
);

const CONTEXT = /^\s*Q: ([^\n]*\S)\s*\n\s*A:\s*$/;

/** Brown et al. 2020: {"context": "\n\nQ: What is 98 plus 45?\n\nA:", "completion": " 143"}. */
export const gpt3Arithmetic = reader(
  z.looseObject({ context: z.string().max(2000), completion: text }),
  ({ context, completion }) => {
    const question = CONTEXT.exec(context)?.[1];
    if (question === undefined)
      return `context: expected a text like "\\n\\nQ: …?\\n\\nA:", got ${JSON.stringify(context.slice(0, 200))}`;
    const answer = completion.trim();
    if (answer === '') return 'completion: expected an answer, got none';
    return { question, answer, solution: boxed('', answer) };
  },
);
