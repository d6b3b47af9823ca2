/** How far a piece of work has come: what a bar or a line shows. */
export interface ProgressUpdate {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** Plural, such as `questions` or `steps`. */
  readonly unit: string;
}
export type OnProgress = (update: ProgressUpdate) => void;
