import { type Inspection, type Sighting, sighting } from '../../actors/inspection.js';
import type { ProgressUpdate } from '../../actors/progress.js';
import { nowMs, type TaskEntry } from '../../src/workers/task-times.js';
import { bounded, shortText } from './bounded.js';
import { Feed } from './feed.js';
import type { InspectorMessage } from './messages.js';
import { RateLimit } from './rate-limit.js';
import { WorkerTotals } from './worker-totals.js';

/** Turns what a run does into a {@link Feed} for the inspector's page: small, bounded, and slow enough to be read. */

/** Of one type between two actors, and of one actor; a run in miniature goes through dozens of states in a second. */
const EVENTS_PER_SECOND = 20;
const STATES_PER_SECOND = 100;
const TOTAL_PER_SECOND = 1000;
/** Paths whose starts are counted. */
const COUNTED_PATHS = 1000;

export class RunFeed {
  readonly feed: Feed;
  private readonly limit = new RateLimit(TOTAL_PER_SECOND);
  private readonly startedCounts = new Map<string, number>();
  private readonly totals = new WorkerTotals();

  constructor(rzeroVersion: string) {
    this.feed = new Feed(written({ kind: 'opening', rzeroVersion }));
  }

  inspection(event: Inspection): void {
    const seen = sighting(event);
    if (seen !== null) this.see(seen);
  }

  see(seen: Sighting): void {
    const atMs = nowMs();
    switch (seen.kind) {
      case 'actor': {
        const startedCount = this.countStart(seen.path);
        this.limit.offer(`actor ${seen.path}`, STATES_PER_SECOND, () =>
          this.feed.set(`actor ${seen.path}`, written({ ...seen, name: shortText(seen.name), startedCount, atMs })),
        );
        return;
      }
      case 'state': {
        const { path, status } = seen;
        this.limit.offer(`state ${path}`, STATES_PER_SECOND, () => {
          const [value, context] = [bounded(seen.value), bounded(seen.context)];
          const [output, error] = [bounded(seen.output), bounded(seen.error)];
          this.feed.set(`state ${path}`, written({ kind: 'state', path, status, value, context, output, error, atMs }));
        });
        return;
      }
      case 'event': {
        const { from, to, type } = seen;
        this.limit.offer(`event ${from} ${to} ${type}`, EVENTS_PER_SECOND, (skippedCount) => {
          const event = bounded(seen.event);
          this.feed.happen(written({ kind: 'event', from, to, type: shortText(type), event, skippedCount, atMs }));
        });
      }
    }
  }

  task(entry: TaskEntry): void {
    this.totals.add(entry);
    this.limit.offer('workers', 1, () => this.feed.set('workers', written(this.totals.told())));
  }

  progress({ label, done, total, unit }: ProgressUpdate): void {
    this.limit.offer('progress', 2, () =>
      this.feed.set('progress', written({ kind: 'progress', label, done, total, unit })),
    );
  }

  /** Tells what was held back and that there is nothing more. */
  end(): void {
    this.limit.flush();
    this.feed.set('ended', written({ kind: 'ended' }));
    this.feed.end();
  }

  private countStart(path: string): number {
    const count = (this.startedCounts.get(path) ?? 0) + 1;
    this.startedCounts.delete(path);
    this.startedCounts.set(path, count);
    const oldest = this.startedCounts.keys().next();
    if (this.startedCounts.size > COUNTED_PATHS && !oldest.done) this.startedCounts.delete(oldest.value);
    return count;
  }
}

function written(message: InspectorMessage): string {
  return JSON.stringify(message);
}
