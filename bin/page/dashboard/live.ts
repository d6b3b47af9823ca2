/** Hears from the server that the database has changed. */

export type Connection = 'live' | 'lost' | 'gone';

export interface LiveListener {
  readonly onChange: () => void;
  /** `lost`: nobody answers, and it is tried again; `gone`: the database is no longer there. */
  readonly onConnection: (connection: Connection, sentence: string) => void;
}

/** At most so often is the page told, however often the run writes. */
const PAUSE_MS = 1000;

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
    setTimeout(() => {
      resting = false;
      if (pending) tell();
    }, PAUSE_MS);
    onChange();
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
  source.addEventListener('error', () => {
    if (source.readyState !== EventSource.CLOSED || document.visibilityState === 'visible')
      onConnection('lost', 'the server has ended; rzero dashboard starts it again');
  });
}
