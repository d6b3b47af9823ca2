import { InternalError } from '../src/errors.js';
import { Random } from '../src/random.js';
import type { ChatServer } from '../src/remote/chat.js';
import { JUDGE_PROMPT_VERSION, type Judgement, judge, LONGEST_QUESTION } from '../src/remote/judge.js';
import { labelOracles } from '../storage/label-oracles.js';
import { type LabelToJudge, labelsToJudge, recordLabelCheck } from '../storage/labels.js';
import { findVerdict, type JudgeKey, recordVerdict } from '../storage/verdicts.js';
import { describeCost } from './judge-cost.js';
import { JudgeRound } from './judge-round.js';
import type { Recorder } from './recorder.js';
import { type RunContext, workKey } from './run-context.js';

/**
 * Judges pseudo-labels by asking a model, beside the training. Rules:
 * - an iteration's labels are judged from when its curriculum is written, and its end waits for them, but not for ever;
 * - each reply is committed as soon as it is there, under the question: it is paid for once, whatever becomes of the run;
 * - which questions are judged is drawn from the run's seed, so a resumed run judges the same ones;
 * - a judge that fails costs label accuracy and nothing else: the run goes on, and says so once.
 */

/** How much of the end of a reply is kept. */
const KEPT_REPLY = 2000;

/** What judging needs of a run. */
export type JudgedRun = Pick<RunContext, 'runId' | 'config' | 'db' | 'grading' | 'progress' | 'news'> & {
  readonly recorder: Pick<Recorder, 'record' | 'recordEvent' | 'settled'>;
};

interface Judging {
  readonly round: JudgeRound;
  readonly ended: Promise<void>;
}

export class LabelJudge {
  private readonly iterations = new Map<number, Judging>();
  private readonly key: JudgeKey;
  private refusedForGood = false;

  constructor(
    private readonly run: JudgedRun,
    private readonly server: ChatServer,
    /** Aborted when the run is over. */
    private readonly signal: AbortSignal,
  ) {
    const { url, model, maxTokens } = server.settings;
    this.key = { url, model, maxTokens, promptVersion: JUDGE_PROMPT_VERSION };
  }

  /** Begins with an iteration's labels where it has not; its curriculum is written. */
  begin(iteration: number): void {
    this.judging(iteration);
  }

  /** Waits until an iteration's labels are judged, or given up, or have had their time.
   *  @throws Interrupted when the run is stopped meanwhile. */
  async close(iteration: number): Promise<void> {
    const { round, ended } = this.judging(iteration);
    const { waitSeconds } = this.run.config.oracle;
    round.isAwaited = true;
    this.show(iteration, round);
    const timer = setTimeout(
      () => round.giveUp(`they had not come within ${waitSeconds} s of its end (oracle.waitSeconds)`),
      1000 * waitSeconds,
    );
    try {
      await ended;
    } finally {
      clearTimeout(timer);
    }
  }

  private judging(iteration: number): Judging {
    const known = this.iterations.get(iteration);
    if (known !== undefined) return known;
    const round = new JudgeRound(this.signal);
    const ended = this.judge(iteration, round);
    ended.catch(() => {}); // whoever closes the iteration hears of it
    const judging = { round, ended };
    this.iterations.set(iteration, judging);
    return judging;
  }

  private async judge(iteration: number, round: JudgeRound): Promise<void> {
    const { run } = this;
    await run.recorder.settled();
    if (this.refusedForGood) return;
    const sample = this.sample(iteration);
    const open = sample.filter(({ judged }) => judged === 0);
    if (open.length === 0) return;
    round.totalCount = open.length;
    try {
      await Promise.all(
        open.map(async (label) => {
          await this.judgeLabel(iteration, round, label);
          round.doneCount++;
          this.show(iteration, round);
        }),
      );
    } finally {
      round.end(); // if one threw, the others are not waited for
    }
    this.refusedForGood = round.refusedForGood;
    await run.recorder.settled();
    this.tell(iteration, round, sample.length);
  }

  /** The labels to judge, in random order: what is judged before it is given up is a sample too. */
  private sample(iteration: number): readonly LabelToJudge[] {
    const { run } = this;
    const labels = labelsToJudge(run.db, run.runId, iteration).filter(
      ({ question }) => question.length <= LONGEST_QUESTION,
    );
    return new Random(workKey(run, 'judge', iteration)).shuffled(labels).slice(0, run.config.oracle.questions);
  }

  private async judgeLabel(iteration: number, round: JudgeRound, label: LabelToJudge): Promise<void> {
    const { run, key } = this;
    const { questionId, question, pseudoLabel } = label;
    const verdict = findVerdict(run.db, key, question) ?? (await this.ask(iteration, round, question));
    if (verdict === null) return;
    const { answer } = verdict;
    const labelCorrect = answer === null ? null : await this.agrees(answer, pseudoLabel);
    run.recorder.record((writer) => {
      const stored = findVerdict(writer, key, question);
      if (stored === undefined) throw new InternalError(`the verdict on question ${questionId} was not kept`);
      recordLabelCheck(writer, questionId, { oracleAnswer: answer, labelCorrect, verdictId: stored.id });
    });
  }

  /** The judge's reply to a question, handed over to be kept; null where there is none. */
  private async ask(iteration: number, round: JudgeRound, question: string): Promise<Judgement | null> {
    const { run, key, server } = this;
    let reply: Judgement;
    try {
      reply = await judge(server, question, round.signal);
    } catch (error) {
      round.noteFault(error);
      return null;
    }
    round.noteReply(reply.answer);
    const about = { question, runId: run.runId, iteration, answeredAt: new Date().toISOString() };
    const kept = { ...reply, text: reply.text.slice(-KEPT_REPLY) };
    run.recorder.record((writer) => recordVerdict(writer, { ...key, ...kept, ...about }));
    return reply;
  }

  private show(iteration: number, { isAwaited, doneCount, totalCount }: JudgeRound): void {
    if (isAwaited && totalCount > 0)
      this.run.progress(`iteration ${iteration}: judge labels`, doneCount, totalCount, 'labels');
  }

  private async agrees(answer: string, pseudoLabel: string): Promise<boolean> {
    const [equal = false] = await this.run.grading.run('grade', [{ gold: answer, answer: pseudoLabel }]);
    return equal;
  }

  private tell(iteration: number, round: JudgeRound, sampleSize: number): void {
    const { run, key } = this;
    const own = labelOracles(run.db, run.runId).find((row) => row.iteration === iteration && row.model === key.model);
    const { labels, right, unread, asked, ...tokens } = own ?? NOTHING;
    if (labels > 0) {
      const unreadable = unread === 0 ? '' : `, and ${unread} of its replies can't be read`;
      const share = ((100 * right) / labels).toFixed(1);
      run.news(
        `iteration ${iteration}: ${key.model} finds ${right} of ${labels} labels right (${share} %)${unreadable}; ${describeCost(tokens, run.config.oracle)}`,
      );
      const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = tokens;
      const judged = { iteration, model: key.model, labels, right, unread, asked, promptTokens, completionTokens };
      run.recorder.recordEvent('oracle', 'oracle.judged', judged);
    }
    const reason = round.reason ?? (labels === 0 ? 'no answer in \\boxed{} in its replies' : null);
    if (labels === sampleSize || reason === null) return;
    const missing = sampleSize - labels;
    const still = this.refusedForGood ? ', nor asks again' : '';
    run.news(
      `the run goes on without label accuracy for ${missing} of ${sampleSize} questions to be judged by ${key.model} in iteration ${iteration}${still}: ${reason}`,
    );
    run.recorder.recordEvent('oracle', 'oracle.gaveUp', { iteration, model: key.model, missing, sampleSize, reason });
  }
}

const NOTHING = { labels: 0, right: 0, unread: 0, asked: 0, prompt_tokens: 0, completion_tokens: 0 };
