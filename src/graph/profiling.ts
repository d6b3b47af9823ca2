import { join } from 'node:path';

/** Sessions that write down what they run, node by node: where each ran, what it read and what it made. */

export interface ProfiledSession {
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
  /** Where its file begins: a folder, and the beginning of a name. */
  readonly prefix: string;
  /** Writes the file. The session can't run any more. */
  end(): void;
}

let profiling: { readonly folder: string; readonly sessions: ProfiledSession[] } | null = null;

/** Makes all sessions that this thread creates from now on keep a profile in `folder`, and gives the list that they are
 *  added to. For a process that exists to look at them: what it runs is slower. */
export function profileSessions(folder: string): readonly ProfiledSession[] {
  const sessions: ProfiledSession[] = [];
  profiling = { folder, sessions };
  return sessions;
}

interface Profile {
  /** What the session is created with. */
  readonly options: { readonly enableProfiling?: boolean; readonly profileFilePrefix?: string };
  /** Adds the session to the list. What it gives back is to be called before the session is released. */
  note(session: { endProfiling(): void }): () => void;
}

/** The profile of a session of a graph with these outputs; none where nobody has asked for profiles. */
export function profileOf(outputs: readonly string[]): Profile {
  if (profiling === null) return { options: {}, note: () => () => undefined };
  const { folder, sessions } = profiling;
  const prefix = join(folder, `session-${sessions.length}-`);
  return {
    options: { enableProfiling: true, profileFilePrefix: prefix },
    note: (session) => {
      let ended = false;
      const end = (): void => {
        if (!ended) session.endProfiling();
        ended = true;
      };
      sessions.push({ outputs, prefix, end });
      return end;
    },
  };
}
