import { z } from 'zod';
import type { BatchKey, Fact, RunOutcome, StepKey, UpdateSummary } from '../machines/messages.js';
import type { StoredEvent } from '../storage/events.js';
import { formatCount } from './terminal/numbers.js';
import { printable } from './terminal/printable.js';

/** The events of a run in people's words. Steps and batches are counted from 1, as progress bars do. */

/** How many steps and batches an iteration has; null where the run's settings do not tell. */
export interface Totals {
  readonly challenger: number | null;
  readonly solver: number | null;
  readonly batches: number | null;
}

const TOTALS_SETTINGS = z.object({
  rl: z.object({
    challenger: z.object({ steps: z.number() }),
    curriculum: z.object({ questions: z.number(), batch: z.number() }),
    solver: z.object({ steps: z.number() }),
  }),
});

/** The totals of a run with these stored settings, which may be those of an older version. */
export function totalsOf(config: unknown): Totals {
  const settings = TOTALS_SETTINGS.safeParse(config);
  if (!settings.success) return { challenger: null, solver: null, batches: null };
  const { challenger, curriculum, solver } = settings.data.rl;
  const batches = Math.ceil(curriculum.questions / curriculum.batch);
  return { challenger: challenger.steps, solver: solver.steps, batches };
}

/** What happened, in a line. An event that this version does not know is told as it was recorded. */
export function eventWords({ type, payload }: StoredEvent, totals: Totals): string {
  if (type === 'grading.gaveUp') return 'an answer was too much work to grade and counts as none';
  if (!isFact(payload)) return `${printable(type, 40)} ${printable(JSON.stringify(payload), 200)}`;
  const words = WORDS[payload.type] as (fact: Fact, totals: Totals) => string;
  return words(payload, totals);
}

const WORDS: { readonly [T in Fact['type']]: (fact: Extract<Fact, { type: T }>, totals: Totals) => string } = {
  'iteration.started': ({ iteration }) => `iteration ${iteration} begins`,
  'iteration.closed': ({ iteration }) => `iteration ${iteration} is closed`,
  'questions.written': (fact, totals) =>
    `${batchOf(fact, totals)}, ${count(fact.questionCount)} questions written, ${count(fact.validCount)} valid`,
  'answers.given': (fact, totals) => `${batchOf(fact, totals)}, ${count(fact.answerCount)} answers`,
  'votes.counted': (fact, totals) =>
    `${batchOf(fact, totals)}, ${count(fact.votedCount)} questions voted on${fact.purpose === 'curriculum' ? `, ${count(fact.keptCount)} kept` : ''}`,
  'curriculum.written': ({ iteration, questionCount, validCount, keptCount }) =>
    `iteration ${iteration}: curriculum of ${count(questionCount)} questions, ${count(validCount)} valid, ${count(keptCount)} kept`,
  'challenger.updated': (fact, { challenger }) => `${stepOf('Challenger', fact, challenger)}, ${updateWords(fact)}`,
  'challenger.trained': ({ iteration, stepCount }) =>
    `iteration ${iteration}: the Challenger is trained, ${count(stepCount)} steps`,
  'solver.rolledOut': (fact, { solver }) =>
    `${stepOf('Solver', fact, solver)}, ${count(fact.questionCount)} groups rolled out, ${count(fact.zeroVarianceCount)} of them teach nothing`,
  'solver.updated': (fact, { solver }) => `${stepOf('Solver', fact, solver)}, ${updateWords(fact)}`,
  'solver.trained': ({ iteration, stepCount, skippedCount }) =>
    `iteration ${iteration}: the Solver is trained, ${count(stepCount)} steps${skippedCount > 0 ? `, ${count(skippedCount)} of them without an update` : ''}`,
  'solver.evaluated': ({ iteration, math, general }) =>
    `${iteration === 0 ? 'base' : `iteration ${iteration}`}: evaluated, math ${decimals(math, 1)}, general ${decimals(general, 1)}`,
  'role.paused': ({ role }) => `the ${role} has paused`,
  'role.failed': ({ role, work, error }) => `the ${role} failed at ${work}: ${printable(error.message, 300)}`,
  'run.paused': () => 'the run is paused',
  'run.resumed': () => 'the run goes on',
  'run.ended': ({ outcome }) => outcomeWords(outcome),
};

function isFact(payload: unknown): payload is Fact {
  return typeof payload === 'object' && payload !== null && 'type' in payload && String(payload.type) in WORDS;
}

function batchOf({ iteration, purpose, index }: BatchKey, { challenger, batches }: Totals): string {
  return purpose === 'challenger'
    ? stepOf('Challenger', { iteration, step: index }, challenger)
    : `iteration ${iteration}: batch ${ofTotal(index, batches)}`;
}

const stepOf = (role: string, { iteration, step }: StepKey, total: number | null): string =>
  `iteration ${iteration}: ${role} step ${ofTotal(step, total)}`;

const ofTotal = (index: number, total: number | null): string => `${index + 1}${total === null ? '' : `/${total}`}`;

function updateWords({ rewardMean, loss, kl, skipped }: UpdateSummary): string {
  const reward = `reward ${decimals(rewardMean, 3)}`;
  return skipped
    ? `${reward}, no update: the rewards of each group are equal`
    : `${reward}, KL ${decimals(kl, 4)}, loss ${decimals(loss, 4)}`;
}

function outcomeWords(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'done':
      return `the run is done after iteration ${outcome.iteration}`;
    case 'nothingLeft':
      return `nothing is left to learn from after iteration ${outcome.iteration}: ${outcome.reason}`;
    case 'failed':
      return `the run failed in iteration ${outcome.iteration}: ${printable(outcome.error.message, 300)}`;
  }
}

/** A number of a record that another version may have written without it. */
const decimals = (value: number | null | undefined, digits: number): string =>
  typeof value === 'number' ? value.toFixed(digits) : '-';
const count = (value: number | undefined): string => (typeof value === 'number' ? formatCount(value) : '-');
