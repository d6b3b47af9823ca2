import { NOBODY } from '../actors/follower.js';
import { parseConfig } from '../src/config.js';
import type { Reader } from '../storage/connection.js';
import { ALL_QUESTIONS, curriculumPage } from '../storage/curriculum.js';
import { openReader } from '../storage/database.js';
import { runDetails } from '../storage/find-run.js';
import { iterationSummary } from '../storage/iterations.js';
import { benchmarkScores } from '../storage/scores.js';
import type { CurriculumRow } from '../storage/views.js';
import type { NamedFollower } from './followers.js';
import type { Colours } from './terminal/colour.js';
import { formatCount } from './terminal/numbers.js';
import type { Progress } from './terminal/progress-view.js';
import { type SampleQuestion, sampleLines } from './terminal/sample-lines.js';
import { type Standing, scoreLine } from './terminal/score-line.js';
import { averages } from './terminal/tables.js';

/** Tells a run as it goes: what it is doing, two questions of each curriculum with their votes, a line of scores for each
 *  iteration. Texts and scores are read from the database once the fact that tells of them is committed. */
export function runStory(databaseFile: string, progress: Progress, colours: Colours): NamedFollower {
  let told: { readonly db: Reader; readonly runId: string } | null = null;
  return {
    ...NOBODY,
    name: 'the view of the run',
    onBegin: (runId) => {
      told = { db: openReader(databaseFile), runId };
    },
    onState: progress.state,
    onFact: (fact) => {
      if (told === null) return;
      const { db, runId } = told;
      if (fact.type === 'curriculum.written') {
        const { iteration, questionCount, keptCount } = fact;
        progress.say(
          `iteration ${iteration} wrote ${formatCount(questionCount)} questions and kept ${formatCount(keptCount)}`,
        );
        const lines = sampleLines(sampleQuestions(db, runId, iteration), progress.columns());
        if (lines.length > 0) progress.say(colours.dim(lines.join('\n')));
      }
      if (fact.type === 'solver.evaluated') {
        progress.say(scoreLine(readStanding(db, runId, fact.iteration), progress.columns(), colours));
      }
    },
    close: () => told?.db.close(),
  };
}

/** How the Solver of a run stands after an iteration. */
export function readStanding(db: Reader, runId: string, iteration: number): Standing {
  const greedy = averages(benchmarkScores(db, runId).filter((score) => score.iteration <= iteration)).filter(
    ({ metric }) => metric === 'greedy',
  );
  const of = (domain: string) =>
    greedy.filter((score) => score.domain === domain).sort((a, b) => a.iteration - b.iteration);
  const summary = iterationSummary(db, runId).find((row) => row.iteration === iteration);
  return {
    iteration,
    math: of('math').map(({ score }) => score),
    general: of('general').at(-1)?.score ?? null,
    labelAccuracy: summary?.label_accuracy ?? null,
    kept: summary?.kept ?? 0,
    questions: summary?.questions ?? 0,
  };
}

/** Two questions of an iteration that got an answer, one kept and one not where there are both; the first of each. */
export function sampleQuestions(db: Reader, runId: string, iteration: number): readonly SampleQuestion[] {
  const { votes } = parseConfig(runDetails(db, runId).config).rl.curriculum;
  const voted = (kept: boolean): readonly SampleQuestion[] =>
    curriculumPage(
      db,
      { ...ALL_QUESTIONS, runId, iteration, kept },
      { order: 'written', descending: false, after: null, limit: LOOKED_AT },
    ).rows.flatMap((row) => sample(row, votes));
  const [kept, dropped] = [voted(true), voted(false)];
  return [...kept.slice(0, 1), ...dropped.slice(0, 1), ...kept.slice(1), ...dropped.slice(1)].slice(0, 2);
}

/** Questions looked at for one that was answered: most were. */
const LOOKED_AT = 100;

function sample({ question, pseudo_label, vote_share, drop_reason }: CurriculumRow, votes: number): SampleQuestion[] {
  if (pseudo_label === null || vote_share === null) return [];
  return [
    { question, pseudoLabel: pseudo_label, agreeing: Math.round(vote_share * votes), votes, dropReason: drop_reason },
  ];
}
