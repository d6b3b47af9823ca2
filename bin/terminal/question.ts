import type { QuestionDetails, QuestionLesson, QuestionVote } from '../../storage/question-details.js';
import type { QuestionReport } from '../question-report.js';
import type { Colours } from './colour.js';
import { formatCount, formatMeasured } from './numbers.js';
import { printable, printableLines } from './printable.js';
import { textTable } from './tables.js';

/** One question's story for people. Everything a model wrote goes through printable. */

const BAR_WIDTH = 24;
const ANSWER_LENGTH = 40;

export function formatQuestion(report: QuestionReport, colours: Colours): string {
  const { question } = report;
  const { vote } = question;
  const facts = [...originFacts(question), ...voteFacts(report, colours), ...rewardFacts(report)];
  return [
    `${colours.bold(`question ${question.question_id}`)}: ${whereabouts(question)}`,
    indented(printableLines(question.question)),
    ...(question.completion === null
      ? []
      : [`${colours.bold('all that was written')}\n${indented(printableLines(question.completion))}`]),
    facts.map(([name, value]) => `${name.padEnd(20)}${value}`).join('\n'),
    ...(vote === null || vote.vote_count === 0 ? [] : [`${colours.bold('votes')}\n${voteBars(vote, colours)}`]),
    ...(vote === null || vote.vote_count === 0
      ? []
      : [`${colours.bold('answers')}\n${answerBlocks(question, vote, colours)}`]),
    `${colours.bold('learned from')}\n${indented(lessonLines(question))}`,
  ].join('\n\n');
}

type Fact = readonly [name: string, value: string];

function whereabouts({ run_id, iteration, phase, batch, position }: QuestionDetails): string {
  const written =
    phase === 'challenger'
      ? `written to train the Challenger, step ${batch}`
      : `written for the Solver, batch ${batch}`;
  return `run ${run_id}, iteration ${iteration}, ${written}, place ${position}`;
}

function originFacts({ tokens, invalid_reason, own_answer }: QuestionDetails): readonly Fact[] {
  return [
    ['written', `${formatCount(tokens)} tokens`],
    ['valid', invalid_reason === null ? 'yes' : `no: ${printable(invalid_reason, ANSWER_LENGTH)}`],
    ...(own_answer === null ? [] : [["Challenger's answer", printable(own_answer, ANSWER_LENGTH)] as const]),
  ];
}

function voteFacts({ question, band }: QuestionReport, colours: Colours): readonly Fact[] {
  const { vote } = question;
  if (vote === null) return [['vote', question.invalid_reason === null ? 'not yet' : 'none, it is not valid']];
  const kept = vote.kept === 1 ? 'yes' : `no: ${vote.drop_reason ?? 'not known'}`;
  const range = band === null ? '' : ` (band ${band[0]} to ${band[1]})`;
  return [
    ['vote share', `${formatMeasured(vote.vote_share, 2)} of ${vote.vote_count} answers`],
    ['pseudo-label', vote.pseudo_label === null ? 'none' : printable(vote.pseudo_label, ANSWER_LENGTH)],
    ['oracle', oracleVerdict(vote, colours)],
    ...(vote.kept === null ? [] : [['kept', `${kept}${range}`] as const]),
  ];
}

function oracleVerdict({ oracle_answer, label_correct }: QuestionVote, colours: Colours): string {
  if (oracle_answer === null) return 'has no answer';
  const answer = printable(oracle_answer, ANSWER_LENGTH);
  if (label_correct === null) return answer;
  return `${answer}: ${label_correct === 1 ? colours.green('the label is right') : colours.red('the label is wrong')}`;
}

function rewardFacts({ question, reward }: QuestionReport): readonly Fact[] {
  const paid = question.challenger_reward;
  if (paid !== null && question.invalid_reason !== null)
    return [['Challenger reward', `${paid.toFixed(3)}: not a valid question`]];
  if (reward === null) return paid === null ? [] : [['Challenger reward', paid.toFixed(3)]];
  const shape = reward.shape === 'code' ? 'min(p, 1 − p)' : '1 − 2·|p − ½|';
  const frontier = `${reward.frontier_reward.toFixed(3)}, ${shape}${reward.gated ? ", gated by the Challenger's own answer" : ''}`;
  if (paid === null) return [['frontier reward', `${frontier}; not paid, the Challenger had been trained already`]];
  const penalty = question.repetition_penalty ?? 0;
  return [
    ['frontier reward', frontier],
    ['repetition penalty', `${penalty.toFixed(3)}, the share of the batch in its cluster`],
    [
      'Challenger reward',
      `${paid.toFixed(3)} = max(0, ${reward.frontier_reward.toFixed(3)} − ${reward.penalty_weight} · ${penalty.toFixed(3)})`,
    ],
  ];
}

/** A row for each group of answers, the largest first, and one for the answers that could not be read. */
function voteBars(vote: QuestionVote, colours: Colours): string {
  const { groups, vote_count, pseudo_label, oracle_answer, label_correct } = vote;
  const unread = vote_count - groups.reduce((sum, { count }) => sum + count, 0);
  const rows = groups
    .toSorted((a, b) => b.count - a.count)
    .map(({ answer, count }) => [
      String(count),
      bar(count, vote_count),
      printable(answer, ANSWER_LENGTH),
      [
        ...(answer === pseudo_label ? [colours.bold('pseudo-label')] : []),
        ...(answer === oracle_answer || (answer === pseudo_label && label_correct === 1)
          ? [colours.green('oracle')]
          : []),
      ].join(', '),
    ]);
  if (unread > 0) rows.push([String(unread), bar(unread, vote_count), colours.dim('could not be read'), '']);
  return textTable(
    [
      ['', 'right'],
      ['', 'left'],
      ['', 'left'],
      ['', 'left'],
    ],
    rows,
    colours,
  )
    .split('\n')
    .slice(1) // no heading
    .join('\n');
}

const bar = (count: number, whole: number): string => '█'.repeat(Math.max(1, Math.round((BAR_WIDTH * count) / whole)));

function answerBlocks({ answers }: QuestionDetails, { groups }: QuestionVote, colours: Colours): string {
  if (answers.length === 0) return indented('not kept: of the questions that train the Challenger only the votes are');
  return answers
    .map(({ sample, text, answer, vote_group, agrees, tokens, logprob, finished }) => {
      const read = answer === null ? 'could not be read' : printable(answer, ANSWER_LENGTH);
      const spelled = vote_group === null ? answer : (groups[vote_group]?.answer ?? answer);
      const verdict = agrees === 1 ? colours.green('agrees') : 'does not agree';
      const heading = [
        `${sample}: ${colours.bold(read)}`,
        ...(spelled === null || spelled === answer ? [] : [`a vote for ${printable(spelled, ANSWER_LENGTH)}`]),
        verdict,
        `${formatCount(tokens)} tokens`,
        `log-probability ${formatMeasured(logprob, 2)}`,
        ...(finished === 1 ? [] : ['cut by the token limit']),
      ];
      return `${heading.join(', ')}\n${indented(printableLines(text))}`;
    })
    .join('\n');
}

function lessonLines(question: QuestionDetails): string {
  const { lessons, phase, vote } = question;
  if (lessons.length > 0) return lessons.map(lessonLine).join('\n');
  if (phase === 'challenger') return 'the step is under way';
  return vote?.kept === 1 ? 'no step that is known' : 'no step: it was not kept';
}

function lessonLine({ role, step, rewards, teaches }: QuestionLesson): string {
  const paid = rewards.map((reward) => Number(reward.toFixed(3))).join(' ');
  if (role === 'challenger')
    return `the Challenger's step ${step}, reward ${paid}${teaches === 1 ? '' : '; all rewards of the step were equal: it taught nothing'}`;
  return `the Solver's step ${step}, rewards ${paid}${teaches === 1 ? '' : '; all equal: it taught nothing'}`;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
