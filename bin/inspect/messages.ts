import type { ChartState } from '../../machines/outline.js';
import type { Json } from './bounded.js';

/** What the inspector's page is told, one JSON object each. Actors are named by their paths (actors/inspection.ts). */

export type InspectorMessage =
  | Opening
  | ActorTold
  | StateTold
  | EventTold
  | WorkersTold
  | ProgressTold
  | { readonly kind: 'ended' };

/** Forget everything: what follows is told anew. */
export interface Opening {
  readonly kind: 'opening';
  readonly rzeroVersion: string;
}

export interface ActorTold {
  readonly kind: 'actor';
  readonly path: string;
  readonly parent: string | null;
  readonly name: string;
  /** Null for work. */
  readonly chart: ChartState | null;
  /** How often it was started: work is done again and again under one path. */
  readonly startedCount: number;
  /** Milliseconds since the Unix epoch, here and below. */
  readonly atMs: number;
}

export interface StateTold {
  readonly kind: 'state';
  readonly path: string;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value: Json;
  readonly context: Json;
  readonly output: Json;
  readonly error: Json;
  readonly atMs: number;
}

export interface EventTold {
  readonly kind: 'event';
  /** Null for what came from outside. */
  readonly from: string | null;
  readonly to: string;
  readonly type: string;
  readonly event: Json;
  /** Events of this type between the two that were left out before this one. */
  readonly skippedCount: number;
  readonly atMs: number;
}

export interface WorkersTold {
  readonly kind: 'workers';
  readonly workers: readonly WorkerTold[];
}

export interface WorkerTold {
  /** `model 0`, `grading`. */
  readonly worker: string;
  readonly lastTask: string;
  readonly tasks: readonly TaskTotal[];
}

/** All that a worker did of one task since the run began or was resumed. */
export interface TaskTotal {
  readonly task: string;
  readonly count: number;
  readonly totalMs: number;
}

export interface ProgressTold {
  readonly kind: 'progress';
  readonly label: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}
