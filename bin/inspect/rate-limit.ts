/**
 * Keeps a flood from whoever looks on. Of each kind so many go through in a second; of what is more, the latest goes through
 * when the second is over, and says how many it stands for. What does not go through is never made.
 */

/** Makes and hands on one message that stands for itself and `skippedCount` before it. */
export type Pass = (skippedCount: number) => void;

const WINDOW_MS = 1000;
/** Kinds that are held at a time; of more, the ones held longest are given up. */
const HELD_COUNT = 1000;

export class RateLimit {
  private passed = new Map<string, number>();
  private passedCount = 0;
  private held = new Map<string, { readonly pass: Pass; readonly count: number }>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    /** What goes through in a second, of all kinds together. */
    private readonly totalPerSecond: number,
  ) {}

  /** Passes now, later, or lets a later one of its kind stand for it. */
  offer(kind: string, perSecond: number, pass: Pass): void {
    this.timer ??= setTimeout(() => this.flush(), WINDOW_MS).unref();
    const count = this.passed.get(kind) ?? 0;
    if (count < perSecond && this.passedCount < this.totalPerSecond) {
      this.passed.set(kind, count + 1);
      this.passedCount++;
      pass(0);
      return;
    }
    const earlier = this.held.get(kind);
    this.held.delete(kind); // and to the end: the order is that of the latest
    this.held.set(kind, { pass, count: (earlier?.count ?? 0) + 1 });
    const oldest = this.held.keys().next();
    if (this.held.size > HELD_COUNT && !oldest.done) this.held.delete(oldest.value);
  }

  /** Ends the second: what is held goes through. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.passed = new Map();
    this.passedCount = 0;
    const { held } = this;
    this.held = new Map();
    for (const { pass, count } of held.values()) pass(count - 1);
  }
}
