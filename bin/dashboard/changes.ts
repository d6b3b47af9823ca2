import { existsSync } from 'node:fs';
import { dataVersion, newestEvent } from '../../storage/changes.js';
import type { Reader } from '../../storage/connection.js';
import type { Change } from '../page/dashboard/contract.js';

/** How often the file is looked at while somebody listens. */
const POLL_MS = 500;

/** Hears of every change. @throws never. */
export interface ChangeListener {
  readonly onChange: (change: Change) => void;
  /** The database is no longer there: nothing more will change. */
  readonly onGone: () => void;
}

/** Tells of changes that others make to the database, in so many looks a second for all listeners together. */
export class Changes {
  private readonly listeners = new Set<ChangeListener>();
  private timer: NodeJS.Timeout | null = null;
  private version: number;

  constructor(private readonly db: Reader) {
    this.version = dataVersion(db);
  }

  /** What there is now. */
  now(): Change {
    const event = newestEvent(this.db);
    return { version: dataVersion(this.db), event_id: event?.id ?? null, run_id: event?.runId ?? null };
  }

  /** Calls the listener after each change until the function returned is called. */
  listen(listener: ChangeListener): () => void {
    this.listeners.add(listener);
    this.timer ??= setInterval(() => this.look(), POLL_MS);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.close();
    };
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private look(): void {
    if (!existsSync(this.db.path)) {
      for (const { onGone } of this.listeners) onGone();
      this.close();
      return;
    }
    const change = this.now();
    if (change.version === this.version) return;
    this.version = change.version;
    for (const { onChange } of this.listeners) onChange(change);
  }
}
