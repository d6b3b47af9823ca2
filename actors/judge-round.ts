import { setMaxListeners } from 'node:events';
import { Interrupted, ServerError } from '../src/errors.js';
import { OutlastingFault } from '../src/remote/persistence.js';
import { Refusal } from '../src/remote/refusal.js';

/** Replies in a row of which nothing can be made, after which a judge is given up: they may cost money. */
const BARREN_LIMIT = 8;
/** Wrong key, or no such model or path: the next question would be refused as well. */
const REFUSED_FOR_GOOD = [401, 403, 404];

/** The judging of one iteration's labels: when to stop asking, and why. */
export class JudgeRound {
  /** Ends the requests under way, and those in line, when the round is over. */
  readonly signal: AbortSignal;
  private readonly abort = new AbortController();
  private barrenCount = 0;
  private lastFault: string | null = null;
  private gaveUpFor: string | null = null;
  /** Labels that are through, judged or not, of all to be judged. */
  doneCount = 0;
  totalCount = 0;
  /** Whether the end of the iteration waits for it. */
  isAwaited = false;
  /** Whether the judge is not to be asked again in this run. */
  refusedForGood = false;

  /** `runSignal` is aborted when the run is over. */
  constructor(private readonly runSignal: AbortSignal) {
    this.signal = AbortSignal.any([runSignal, this.abort.signal]);
    setMaxListeners(0, this.signal); // one for each request under way: Node would take more than ten for a leak
  }

  /** Why labels are missing: what it was given up for, or else the last fault; null where there was none. */
  get reason(): string | null {
    return this.gaveUpFor ?? this.lastFault;
  }

  giveUp(reason: string): void {
    this.gaveUpFor ??= reason;
    this.end();
  }

  /** Ends what is still under way. */
  end(): void {
    this.abort.abort();
  }

  /** Notes a reply: one without an answer in it is barren. */
  noteReply(answer: string | null): void {
    if (answer === null) this.noteBarren(`no answer in \\boxed{} in its last ${BARREN_LIMIT} replies`);
    else this.barrenCount = 0;
  }

  /** Notes that a question got no reply. @throws what is no fault of the judge, and Interrupted when the run is over. */
  noteFault(error: unknown): void {
    if (error instanceof Interrupted && !this.runSignal.aborted) return; // given up while this one was under way
    if (!(error instanceof ServerError)) throw error;
    this.lastFault = error.message;
    if (error instanceof Refusal && REFUSED_FOR_GOOD.includes(error.status)) {
      this.refusedForGood = true;
      this.giveUp(error.message);
    } else if (error instanceof OutlastingFault) this.giveUp(error.message);
    else this.noteBarren(error.message);
  }

  private noteBarren(reason: string): void {
    if (++this.barrenCount >= BARREN_LIMIT) this.giveUp(reason);
  }
}
