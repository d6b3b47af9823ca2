/**
 * Which answer a grading thread is at, in memory shared with the thread that watches it. Rules:
 * - the grading thread says `begin` before each answer and `end` when the task is over; nothing else is ever waited for;
 * - an answer is stuck when it has been under way for several looks in a row. Looks are counted and not milliseconds, so
 *   that a process that was stopped, or whose main thread was busy, takes no answer for stuck.
 */

/** Where an answer is in a task's input. */
export interface AnswerPlace {
  readonly group: number;
  readonly answer: number;
}

const [TURN, ACTIVE, GROUP, ANSWER, LENGTH] = [0, 1, 2, 3, 4] as const;
const LOOKS = 5;

export class AnswerClock {
  private readonly state: Int32Array;

  /** A new clock, or the same one on the other thread. */
  constructor(readonly memory = new SharedArrayBuffer(4 * LENGTH)) {
    this.state = new Int32Array(memory);
  }

  begin({ group, answer }: AnswerPlace): void {
    Atomics.store(this.state, GROUP, group);
    Atomics.store(this.state, ANSWER, answer);
    Atomics.store(this.state, ACTIVE, 1);
    Atomics.add(this.state, TURN, 1);
  }

  end(): void {
    Atomics.store(this.state, ACTIVE, 0);
    Atomics.add(this.state, TURN, 1);
  }

  /** Calls `onStuck`, once, with the place of an answer that takes longer than `budgetMs`. Returns what stops watching. */
  watch(budgetMs: number, onStuck: (place: AnswerPlace) => void): () => void {
    let [turn, looks] = [-1, 0];
    const timer = setInterval(() => {
      const now = Atomics.load(this.state, TURN);
      looks = now === turn ? looks + 1 : 0;
      turn = now;
      if (looks < LOOKS || Atomics.load(this.state, ACTIVE) === 0) return;
      clearInterval(timer);
      onStuck({ group: Atomics.load(this.state, GROUP), answer: Atomics.load(this.state, ANSWER) });
    }, budgetMs / LOOKS);
    return () => clearInterval(timer);
  }
}
