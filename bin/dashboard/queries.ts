import { z } from 'zod';
import { UsageError } from '../../src/errors.js';
import {
  CURRICULUM_ORDERS,
  type CurriculumFilter,
  type CurriculumPaging,
  type CurriculumPlace,
} from '../../storage/curriculum.js';
import type { TimelineWindow } from '../../storage/timeline-cells.js';

/** What may stand behind the `?` of an address. Whatever else is refused with one sentence. */

const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number);
const fraction = z.string().transform((text, context) => {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  context.issues.push({ code: 'custom', message: 'expected a number from 0 to 1', input: text });
  return z.NEVER;
});
const seconds = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'expected seconds from the start of the run')
  .transform(Number);
const place = z
  .string()
  .regex(/^-?\d{1,15}(\.\d{1,17})?,\d{1,15}$/, 'expected the place that the page before gave')
  .transform((text): CurriculumPlace => {
    const [key = 0, questionId = 0] = text.split(',').map(Number);
    return { key, questionId };
  });

const PAGE_LIMIT = 200;
const COLUMN_LIMIT = 1000;
const TEXT_LIMIT = 200;

const QUESTIONS = z.strictObject({
  iteration: whole.optional(),
  kept: z.enum(['yes', 'no']).optional(),
  drop_reason: z.string().max(TEXT_LIMIT).optional(),
  label: z.enum(['right', 'wrong', 'unknown']).optional(),
  low: fraction.optional(),
  high: fraction.optional(),
  text: z.string().max(TEXT_LIMIT, `expected ${TEXT_LIMIT} characters at most`).optional(),
  order: z.enum(CURRICULUM_ORDERS).default('written'),
  descending: z.enum(['yes', 'no']).default('no'),
  after: place.optional(),
  limit: whole.pipe(z.number().min(1).max(PAGE_LIMIT)).default(50),
});

const WINDOW = z.strictObject({
  from: seconds.optional(),
  to: seconds.optional(),
  columns: whole.pipe(z.number().min(1).max(COLUMN_LIMIT)).default(400),
});

/** Which questions are asked for, and which page of them. @throws UsageError for an address that makes no sense. */
export function questionQuery(
  runId: string,
  query: Readonly<Record<string, string>>,
): { readonly filter: CurriculumFilter; readonly paging: CurriculumPaging } {
  const asked = parsed(QUESTIONS, query);
  const { low = 0, high = 1 } = asked;
  return {
    filter: {
      runId,
      iteration: asked.iteration ?? null,
      kept: asked.kept === undefined ? null : asked.kept === 'yes',
      dropReason: asked.drop_reason ?? null,
      label: asked.label ?? null,
      voteShare: asked.low === undefined && asked.high === undefined ? null : [low, high],
      text: asked.text ?? null,
    },
    paging: {
      order: asked.order,
      descending: asked.descending === 'yes',
      after: asked.after ?? null,
      limit: asked.limit,
    },
  };
}

/** Which part of the timeline is asked for. @throws UsageError for an address that makes no sense. */
export function windowQuery(query: Readonly<Record<string, string>>): TimelineWindow {
  const { from, to, columns } = parsed(WINDOW, query);
  return { fromSeconds: from ?? null, toSeconds: to ?? null, columns };
}

/** A question's id in an address. @throws UsageError where it is none. */
export function questionId(text: string): number {
  return parsed(z.strictObject({ question: whole }), { question: text }).question;
}

/** Where the next page of questions begins, as `after` takes it. */
export function formatPlace({ key, questionId }: CurriculumPlace): string {
  return `${key},${questionId}`;
}

function parsed<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new UsageError(`${where === '' ? '' : `${where}: `}${issue?.message ?? 'this address makes no sense'}`);
}
