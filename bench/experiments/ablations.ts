import { parseArgs } from 'node:util';
import { curriculumOf, kept, labelAccuracy, meanVoteShare, valid } from './curriculum.js';
import { type ItemScores, ofNumbers, pairedGain, seedMean } from './estimates.js';
import { COMMON_FLAGS, experimentFlags, madeBy } from './flags.js';
import { GAIN_EXPLAINED, gain, points, writeReport } from './report.js';
import { FULL, type MadeRun, runOf, UNTRAINED, type Variant } from './runs.js';
import { type Scores, scoresOfRun } from './scores.js';

/**
 * What each part of the loop is worth: the whole loop, and without one part at a time, from the same base with the same
 * seeds. Without the band every question with a label is trained on, whatever its vote share.
 *
 *   npm run experiment:ablations -- --seeds 0,1,2 --items 200
 */
const flags = experimentFlags('ablations', parseArgs({ options: COMMON_FLAGS }).values);
const { seeds, iterations } = flags;

const VARIANTS: readonly (Variant & { readonly label: string })[] = [
  { ...FULL, label: 'the whole loop' },
  { ...UNTRAINED, label: 'without training the Challenger' },
  { name: 'no-repetition-penalty', set: ['rl.challenger.repetitionPenalty=0'], label: 'without repetition penalty' },
  { name: 'no-band', set: ['rl.curriculum.band=[0,1]'], label: 'without the frontier band' },
];

interface Outcome {
  readonly label: string;
  readonly runs: readonly MadeRun[];
  /** Of each seed by iteration. */
  readonly scores: readonly ReadonlyMap<number, Scores>[];
}

const outcomes: Outcome[] = [];
for (const { label, ...variant } of VARIANTS) {
  const runs: MadeRun[] = [];
  for (const seed of seeds) runs.push(await runOf(flags, variant, seed));
  outcomes.push({ label, runs, scores: runs.map(scoresOfRun) });
}
const [whole] = outcomes as [Outcome];
const measures = [...(whole.scores[0]?.get(0)?.keys() ?? [])].filter((measure) =>
  /^(math|general), (greedy|mean@\d+)$/.test(measure),
);

writeReport(flags.out, {
  title: `Ablations: preset ${flags.preset}, seeds ${seeds.join(', ')}, ${flags.items} items a task`,
  paragraphs: [
    madeBy('ablations', flags),
    `Points of 100 at iteration ${iterations}, means over the seeds. ${GAIN_EXPLAINED}`,
  ],
  tables: [
    {
      title: 'What the Solver scores in the end',
      head: ['', ...measures],
      rows: [
        ['base', ...measures.map((measure) => points(seedMean(at(whole, measure, 0)).mean))],
        ...outcomes.map((outcome) => [
          outcome.label,
          ...measures.map((measure) => points(seedMean(at(outcome, measure, iterations)).mean)),
        ]),
      ],
    },
    {
      title: 'Against the whole loop',
      head: ['', ...measures],
      rows: outcomes
        .slice(1)
        .map((outcome) => [
          outcome.label,
          ...measures.map((measure) =>
            gain(pairedGain(at(whole, measure, iterations), at(outcome, measure, iterations))),
          ),
        ]),
    },
    {
      title: `The questions of iterations 1 to ${iterations}`,
      head: ['', 'valid', 'duplicates, %', 'mean vote share, %', 'kept', 'labels of the kept that are right, %'],
      rows: outcomes.map(({ label, runs }) => {
        const by = (measure: (run: MadeRun, iteration: number) => number, digits = 1): string =>
          Array.from({ length: iterations }, (_, i) =>
            points(ofNumbers(runs.map((run) => measure(run, i + 1))).mean, digits),
          ).join(' / ');
        return [
          label,
          by((run, i) => valid(curriculumOf(run, i)).length, 0),
          by(duplicateShare),
          by((run, i) => meanVoteShare(curriculumOf(run, i))),
          by((run, i) => kept(curriculumOf(run, i)).length, 0),
          by((run, i) => labelAccuracy(kept(curriculumOf(run, i)))),
        ];
      }),
    },
  ],
  charts: Object.fromEntries(measures.map((measure) => [measure.replace(/[^a-z0-9]+/g, '-'), chart(measure)])),
});

function at({ scores }: Outcome, measure: string, iteration: number): readonly ItemScores[] {
  return scores.map((byIteration) => byIteration.get(iteration)?.get(measure) ?? []);
}

/** Share of valid questions that were written before in the iteration. */
function duplicateShare(run: MadeRun, iteration: number): number {
  const questions = valid(curriculumOf(run, iteration)).map(({ question }) => question);
  return 100 * (1 - new Set(questions).size / questions.length);
}

function chart(measure: string) {
  const places = Array.from({ length: iterations + 1 }, (_, i) => i);
  return {
    title: `${measure}: the loop without one part at a time`,
    xName: 'iteration',
    yName: 'points of 100, ± s.e. of seeds',
    lines: outcomes.map((outcome) => {
      const values = places.map((iteration) => seedMean(at(outcome, measure, iteration)));
      return {
        name: outcome.label,
        points: places.map((iteration) => [iteration, values[iteration]?.mean ?? Number.NaN] as const),
        errors: values.map(({ ofSeeds }) => (Number.isFinite(ofSeeds) ? ofSeeds : 0)),
      };
    }),
  };
}
