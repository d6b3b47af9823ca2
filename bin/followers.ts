import type { RunFollower } from '../actors/follower.js';
import { toPlainError } from '../src/errors.js';

/** A follower of a run with a name, for when it fails. */
export interface NamedFollower extends RunFollower {
  readonly name: string;
  /** Called once, when the run has come to rest or the follower has failed. */
  readonly close: () => void;
}

/** Several followers as one that never throws: one that fails (a full disk) is told of once through `say` and left out from
 *  then on, and the run goes on. */
export function together(followers: readonly NamedFollower[], say: (text: string) => void): NamedFollower {
  const left = new Set(followers);
  const each = (call: (follower: NamedFollower) => void): void => {
    for (const follower of left) {
      try {
        call(follower);
      } catch (error) {
        left.delete(follower);
        say(`${follower.name} failed and is left out from here on: ${toPlainError(error).message}`);
        closeQuietly(follower);
      }
    }
  };
  return {
    name: 'followers',
    onBegin: (runId) => each((follower) => follower.onBegin(runId)),
    onState: (state) => each((follower) => follower.onState(state)),
    onFact: (fact) => each((follower) => follower.onFact(fact)),
    onTask: (task) => each((follower) => follower.onTask(task)),
    close: () => each((follower) => follower.close()),
  };
}

/** What has failed may fail again at its end: that was told already. */
function closeQuietly(follower: NamedFollower): void {
  try {
    follower.close();
  } catch {}
}
