/** Where the reader is, kept in the address behind the #, so that a link leads there: `#run=r7f3k2&tab=curriculum&question=12`. */

export const TABS = ['overview', 'curriculum', 'training', 'workers', 'chart'] as const;
export type Tab = (typeof TABS)[number];

export interface Place {
  /** Null for the latest run. */
  readonly run: string | null;
  /** Runs to stand beside it. */
  readonly beside: readonly string[];
  readonly tab: Tab;
  /** The question that is open. */
  readonly question: number | null;
}

/** The place that an address names; what makes no sense in it is as if it were not there. */
export function readPlace(hash: string): Place {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const tab = TABS.find((name) => name === parameters.get('tab')) ?? 'overview';
  const question = parameters.get('question') ?? '';
  const runs = [parameters.get('run') ?? '', ...(parameters.get('beside') ?? '').split(',')].map(runId);
  const [run = null, ...beside] = runs;
  return {
    run,
    beside: [...new Set(beside.filter((id) => id !== null && id !== run))] as readonly string[],
    tab,
    question: /^\d{1,15}$/.test(question) ? Number(question) : null,
  };
}

/** The address of a place, from the # on. */
export function placeAddress({ run, beside, tab, question }: Place): string {
  const parameters = new URLSearchParams();
  if (run !== null) parameters.set('run', run);
  if (beside.length > 0) parameters.set('beside', beside.join(','));
  parameters.set('tab', tab);
  if (question !== null) parameters.set('question', String(question));
  return `#${parameters.toString().replaceAll('%2C', ',')}`;
}

function runId(text: string): string | null {
  return /^[0-9a-z]{2,32}$/.test(text) ? text : null;
}
