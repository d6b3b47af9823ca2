/** Hears from the server that the database has changed. */

export type Connection = 'live' | 'lost' | 'gone';

export interface LiveListener {
  /** Resolves when what changed is shown. */
  readonly onChange: () => Promise<void>;
  /** `lost`: nobody answers, and it is tried again; `gone`: the database is no longer there. */
  readonly onConnection: (connection: Connection, sentence: string) => void;
}

/** At most so often is the page told, however often the run writes; and no more than a tenth of the time goes to asking, so that
 *  a large database is asked less often and the run at work on it is left in peace. */
const PAUSE_MS = 1000;
const PAUSE_FACTOR = 10;

/** Listens until the page is left. A page that nobody sees is told once it is seen again. */
export function listenLive({ onChange, onConnection }: LiveListener): void {
  const source = new EventSource('/api/live');
  let pending = false;
  let resting = false;
  const tell = (): void => {
    if (resting || document.hidden) {
      pending = true;
      return;
    }
    pending = false;
    resting = true;
    const asked = performance.now();
    const rest = (): void => {
      const pause = Math.max(PAUSE_MS, PAUSE_FACTOR * (performance.now() - asked));
      setTimeout(() => {
        resting = false;
        if (pending) tell();
      }, pause);
    };
    onChange().then(rest, rest);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && pending) tell();
  });
  source.addEventListener('open', () => onConnection('live', 'live'));
  source.addEventListener('change', tell);
  source.addEventListener('gone', (event) => {
    const { error } = JSON.parse((event as MessageEvent<string>).data) as { readonly error: string };
    onConnection('gone', error);
    source.close();
  });
  source.addEventListener('error', () => onConnection('lost', 'the server has ended; rzero dashboard starts it again'));
}
