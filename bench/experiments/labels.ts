import { parseArgs } from 'node:util';
import { Random, stream } from '../../src/random.js';
import { type Answered, answersOf } from './answers.js';
import { curriculumOf, kept, labelAccuracy, meanVoteShare, valid, within } from './curriculum.js';
import { ofNumbers, type SeedMean, separateMean } from './estimates.js';
import { COMMON_FLAGS, experimentFlags, madeBy, say, wholeNumber } from './flags.js';
import { bothErrors, ofSeeds, points, writeReport } from './report.js';
import { FULL, type MadeRun, runOf } from './runs.js';

/**
 * How right the pseudo-labels are, and how hard the questions, by iteration: questions of each iteration, all that were
 * written and those that were kept, are answered again by the frozen base and by the Solver of every iteration.
 *
 *   npm run experiment:labels -- --seeds 0,1,2 --questions 200 --votes 10
 */
const { values } = parseArgs({
  options: {
    ...COMMON_FLAGS,
    /** Questions of each iteration and kind, drawn from those that are there. */
    questions: { type: 'string', default: '200' },
    /** Answers to each. */
    votes: { type: 'string', default: '10' },
  },
});
const flags = experimentFlags('labels', values);
const { seeds, iterations } = flags;
const questionCount = wholeNumber('--questions', values.questions);
const votes = wholeNumber('--votes', values.votes);
const ITERATIONS = Array.from({ length: iterations }, (_, i) => i + 1);
const SOLVERS = [0, ...ITERATIONS];
const PAPER_BAND = [0.3, 0.8] as const;
const KINDS = ['written', 'kept'] as const;
type Kind = (typeof KINDS)[number];

/** The answers of a Solver to an iteration's questions, of each seed. */
const answered = new Map<string, (readonly Answered[])[]>();
const keyOf = (kind: Kind, iteration: number, solver: number): string => `${kind} ${iteration} ${solver}`;
const runs: MadeRun[] = [];
for (const seed of seeds) runs.push(await runOf(flags, FULL, seed));
for (const run of runs) {
  const sets = KINDS.flatMap((kind) =>
    ITERATIONS.map((iteration) => ({ kind, iteration, questions: drawn(run, kind, iteration) })),
  );
  for (const solver of SOLVERS) {
    say(`seed ${run.seed}: the Solver of iteration ${solver} answers`);
    const all = sets.flatMap(({ questions }) => questions);
    const answers = [...(await answersOf(run, solver, all, votes))];
    for (const { kind, iteration, questions } of sets) {
      const key = keyOf(kind, iteration, solver);
      answered.set(key, [...(answered.get(key) ?? []), answers.splice(0, questions.length)]);
    }
  }
}

const perIteration = (of: (iteration: number) => string): string[] => ITERATIONS.map(of);
const overRuns = (measure: (run: MadeRun) => number): SeedMean => ofNumbers(runs.map(measure));
const heads = ['', ...ITERATIONS.map((iteration) => `it ${iteration}`)];
writeReport(flags.out, {
  title: `Labels and difficulty by iteration: preset ${flags.preset}, seeds ${seeds.join(', ')}`,
  paragraphs: [
    madeBy('labels', flags, [`--questions ${questionCount}`, `--votes ${votes}`]),
    `Percent, means over the seeds. A pseudo-label is right where it is what an oracle computes; "-" where it can read no question. The Solver that votes on an iteration's questions is the one of the iteration before. Answered right: the share of single samples at temperature 1, of ${questionCount} questions of each iteration and seed with ${votes} samples each, behind it the standard error of the questions and of the seeds.`,
    'The paper reports pseudo-labels that are right of 79 % at iteration 1 and 63 % at iteration 3, of a Qwen3-4B-Base and other questions (Huang et al. 2025).',
  ],
  tables: [
    {
      title: 'Labels, as the loop made them',
      head: heads,
      rows: [
        [
          'valid questions',
          ...perIteration((i) => points(overRuns((run) => valid(curriculumOf(run, i)).length).mean, 0)),
        ],
        [
          'questions kept',
          ...perIteration((i) => points(overRuns((run) => kept(curriculumOf(run, i)).length).mean, 0)),
        ],
        ['mean vote share', ...perIteration((i) => ofSeeds(overRuns((run) => meanVoteShare(curriculumOf(run, i)))))],
        [
          'labels of all that are right',
          ...perIteration((i) => ofSeeds(overRuns((run) => labelAccuracy(curriculumOf(run, i))))),
        ],
        [
          'labels of the kept that are right',
          ...perIteration((i) => ofSeeds(overRuns((run) => labelAccuracy(kept(curriculumOf(run, i)))))),
        ],
        [
          "labels in the paper's band, vote shares 0.3 to 0.8, that are right",
          ...perIteration((i) => ofSeeds(overRuns((run) => labelAccuracy(within(curriculumOf(run, i), PAPER_BAND))))),
        ],
      ],
    },
    ...KINDS.flatMap((kind) => [
      {
        title: `Questions of an iteration, ${kind === 'kept' ? 'those that were kept' : 'all that were written'}: answered right`,
        head: heads,
        rows: SOLVERS.map((solver) => [
          nameOf(solver),
          ...perIteration((i) => bothErrors(separateMean(rightOf(kind, i, solver, 'right')))),
        ]),
      },
      {
        title: `The same questions: right by the majority of ${votes}`,
        head: heads,
        rows: SOLVERS.map((solver) => [
          nameOf(solver),
          ...perIteration((i) => bothErrors(separateMean(rightOf(kind, i, solver, 'majorityRight')))),
        ]),
      },
      {
        title: 'The same questions: mean vote share',
        head: heads,
        rows: SOLVERS.map((solver) => [
          nameOf(solver),
          ...perIteration((i) => bothErrors(separateMean(rightOf(kind, i, solver, 'voteShare')))),
        ]),
      },
    ]),
  ],
  charts: { '': chart() },
});

/** Questions of an iteration, each once, at most as many as were asked for. */
function drawn(run: MadeRun, kind: Kind, iteration: number): readonly string[] {
  const rows = curriculumOf(run, iteration);
  const texts = (kind === 'kept' ? kept(rows) : valid(rows)).map(({ question }) => question);
  const order = new Random(stream(run.seed, 'questions', kind, iteration)).shuffled([...new Set(texts)]);
  return order.slice(0, questionCount);
}

/** What a Solver makes of an iteration's questions, by seed; those that nothing can tell of are left out. */
function rightOf(kind: Kind, iteration: number, solver: number, what: keyof Answered): readonly (readonly number[])[] {
  return (answered.get(keyOf(kind, iteration, solver)) ?? []).map((answers) =>
    answers.flatMap((answer) => answer[what] ?? []),
  );
}

function nameOf(solver: number): string {
  return solver === 0 ? 'frozen base' : `Solver of it ${solver}`;
}

function chart() {
  const line = (name: string, of: (iteration: number) => SeedMean) => {
    const means = ITERATIONS.map(of);
    return {
      name,
      points: ITERATIONS.map((iteration, i) => [iteration, means[i]?.mean ?? Number.NaN] as const),
      errors: means.map((each) => (Number.isFinite(each.ofSeeds) ? each.ofSeeds : 0)),
    };
  };
  return {
    title: `Labels and difficulty: ${flags.model}, ${seeds.length} seeds`,
    xName: 'iteration of the questions',
    yName: 'percent, ± s.e. of seeds',
    lines: [
      line('labels: kept', (i) => overRuns((run) => labelAccuracy(kept(curriculumOf(run, i))))),
      line('labels: all', (i) => overRuns((run) => labelAccuracy(curriculumOf(run, i)))),
      line("labels: paper's band", (i) => overRuns((run) => labelAccuracy(within(curriculumOf(run, i), PAPER_BAND)))),
      line('base right: kept', (i) => separateMean(rightOf('kept', i, 0, 'right'))),
      line('base right: all', (i) => separateMean(rightOf('written', i, 0, 'right'))),
    ],
  };
}
