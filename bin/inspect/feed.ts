/**
 * What pages are told as a run goes. Rules:
 * - a page that comes late is first told what still holds (the latest of each slot) and the latest things that happened;
 * - a page that reads too slowly is told that again, and not what it missed: nothing is kept for it without bound;
 * - nothing here waits for a page.
 */

interface Told {
  readonly number: number;
  readonly text: string;
}

export interface FeedBounds {
  /** Things that happened, kept for pages that come late. */
  readonly recentCount: number;
  /** Slots kept; of more, those set longest ago are forgotten. */
  readonly slotCount: number;
  /** Messages that wait for one page. */
  readonly waitingCount: number;
}

const BOUNDS: FeedBounds = { recentCount: 500, slotCount: 600, waitingCount: 1000 };

export class Feed {
  private toldCount = 0;
  private readonly slots = new Map<string, Told>();
  private recent: Told[] = [];
  private readonly readers = new Set<FeedReader>();
  private ended = false;
  private onDrained: () => void = () => {};

  /** `opening` is told to a page before all else, and again when it is told everything anew; null for nothing. */
  constructor(
    private readonly opening: string | null,
    private readonly bounds: FeedBounds = BOUNDS,
  ) {}

  /** Tells what holds until something else is told for its slot. */
  set(slot: string, text: string): void {
    this.slots.delete(slot);
    this.slots.set(slot, this.tell(text));
    const oldest = this.slots.keys().next();
    if (this.slots.size > this.bounds.slotCount && !oldest.done) this.slots.delete(oldest.value);
  }

  /** Tells what happened. */
  happen(text: string): void {
    this.recent.push(this.tell(text));
    const { recentCount } = this.bounds;
    if (this.recent.length >= 2 * recentCount) this.recent = this.recent.slice(-recentCount);
  }

  /** The messages to tell a page that comes now. */
  replay(): readonly string[] {
    const told = [...this.slots.values(), ...this.recent.slice(-this.bounds.recentCount)];
    const texts = told.sort((a, b) => a.number - b.number).map(({ text }) => text);
    return this.opening === null ? texts : [this.opening, ...texts];
  }

  /** A page's own reader. After `close` it is forgotten. */
  open(): FeedReader {
    const reader: FeedReader = new FeedReader(
      () => this.replay(),
      this.bounds.waitingCount,
      () => {
        this.readers.delete(reader);
        if (this.readers.size === 0) this.onDrained();
      },
    );
    this.readers.add(reader);
    if (this.ended) reader.end();
    return reader;
  }

  /** Ends all readers when they have told what they have. */
  end(): void {
    this.ended = true;
    for (const reader of this.readers) reader.end();
  }

  /** Resolves when no reader is left. */
  async drained(): Promise<void> {
    if (this.readers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.onDrained = resolve;
    });
  }

  private tell(text: string): Told {
    for (const reader of this.readers) reader.push(text);
    return { number: this.toldCount++, text };
  }
}

export class FeedReader {
  /** Null where everything is to be told anew. */
  private waiting: string[] | null = null;
  private ended = false;
  private wake: () => void = () => {};

  constructor(
    private readonly replay: () => readonly string[],
    private readonly waitingCount: number,
    private readonly onClose: () => void,
  ) {}

  /** What is to be told next, at least one message; null when there is nothing more. */
  async next(): Promise<readonly string[] | null> {
    for (;;) {
      const next = this.waiting ?? this.replay();
      this.waiting = [];
      if (next.length > 0) return next;
      if (this.ended) return null;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  push(text: string): void {
    this.waiting?.push(text);
    if (this.waiting !== null && this.waiting.length > this.waitingCount) this.waiting = null;
    this.wake();
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  close(): void {
    this.end();
    this.onClose();
  }
}
