/** A tab of the page: made once, and told what to show whenever that may have changed. */
export interface View {
  readonly element: HTMLElement;
  /** Asks the server and shows what it says. @throws Error with a sentence for the reader. */
  show(runs: RunChoice): Promise<void>;
}

/** The run that is looked at and those beside it, each with its colour. */
export interface RunChoice {
  readonly run: string;
  /** It first, then those beside it. */
  readonly all: readonly { readonly id: string; readonly colour: string }[];
}
