import { setMaxListeners } from 'node:events';
import type { GrpoConfig } from '../config.js';
import type { SamplingSettings } from '../lm/batching.js';
import { type StreamKey, stream } from '../random.js';
import type { AdapterHost } from '../remote/adapter-host.js';
import type { Completion } from '../remote/completion.js';
import type { CompletionServer } from '../remote/completion-server.js';
import { importanceWeights, logprobDrift } from '../rl/importance.js';
import type { Rollout, StepReport, Tokens, TrainExample } from '../rl/rollout.js';
import { tellingExamples } from '../rl/telling-examples.js';
import type { Policy } from './policy.js';
import type { PolicyState } from './state.js';

/** Where the rollouts of a policy come from. */
export interface RolloutSource {
  readonly server: CompletionServer;
  /** Gets the server what the policy has learnt; null where the server goes on sampling from the base. */
  readonly host: AdapterHost | null;
  /** What the server samples from where it gets nothing of what is learnt: its log-probabilities stand in for those that the
   *  server does not give. Null where they are unknown then. */
  readonly samples: Pick<Policy, 'score'> | null;
  /** Upper bound of importance weights. */
  readonly importanceCap: number;
  /** Ends all requests at once. */
  readonly signal: AbortSignal;
  /** Hears how many completions of a call do not spell the server's text when cut into tokens again. */
  readonly onUnfaithful: (count: number, of: number) => void;
}

/**
 * A policy that learns here and whose rollouts a server samples. Rules:
 * - the ratio of GRPO is to this policy as it was before its update, so that is scored here, just before the update;
 * - what the server's distribution is away from that is weighed off, token by token; where its log-probabilities can't be
 *   had, a token weighs 1;
 * - one request that fails ends all of its call.
 */
export class ServedPolicy implements Policy {
  constructor(
    private readonly own: Policy,
    private readonly source: RolloutSource,
  ) {}

  get state(): PolicyState {
    return this.own.state;
  }

  /** A policy that samples here: a reference, or what is measured. */
  frozen(): Policy {
    return this.own.frozen();
  }

  restore(state: PolicyState): void {
    this.own.restore(state);
  }

  score(rollouts: readonly Pick<Rollout, 'prompt' | 'completion'>[]) {
    return this.own.score(rollouts);
  }

  async generate(
    prompts: readonly Tokens[],
    samples: number,
    sampling: SamplingSettings,
    key: StreamKey,
  ): Promise<Rollout[][]> {
    const { server, host, signal } = this.source;
    const name = host === null ? server.baseName : await host.nameOf(this.own.state.weights, signal);
    return whileNoneFails(signal, async (calling) => {
      const groups = await Promise.all(
        prompts.map((prompt, p) =>
          Promise.all(
            Array.from({ length: samples }, (_, s) =>
              calling((call) => server.complete(name, prompt, sampling, stream(key, p, s) >>> 1, call)),
            ),
          ),
        ),
      );
      this.tell(groups.flat());
      return groups.map((group, p) =>
        group.map(({ tokens, logprobs, finished }) => ({
          prompt: prompts[p] as Tokens,
          completion: tokens,
          logprobs,
          finished,
        })),
      );
    });
  }

  async update(examples: readonly TrainExample[], settings: GrpoConfig, reference: Policy): Promise<StepReport | null> {
    const telling = tellingExamples(examples, settings.maskTruncated);
    const rollouts = telling.map(({ rollout }) => rollout);
    const scored = await this.own.score(rollouts);
    const theirs = await this.theirs(rollouts);
    const weighed = telling.map(({ rollout, advantage }, i): TrainExample => {
      const [ours, other] = [scored[i] as number[], theirs[i] ?? null];
      const importance =
        other === null ? {} : { importance: importanceWeights(ours, other, this.source.importanceCap) };
      return { rollout: { ...rollout, logprobs: ours }, advantage, ...importance };
    });
    const report = await this.own.update(weighed, settings, reference);
    if (report === null) return null;
    const drift = logprobDrift(
      theirs.flatMap((other, i) => (other === null ? [] : [{ ours: scored[i] as number[], theirs: other }])),
    );
    return { ...report, logprobDriftMean: drift?.mean ?? null, logprobDriftMax: drift?.max ?? null };
  }

  /** Log-probabilities of what sampled each rollout; null where they can't be had. */
  private async theirs(rollouts: readonly Rollout[]): Promise<(readonly number[] | null)[]> {
    const unknown = rollouts.filter((rollout) => !isKnown(rollout));
    const stand = this.source.samples === null ? [] : await this.source.samples.score(unknown);
    let next = 0;
    return rollouts.map((rollout) => (isKnown(rollout) ? rollout.logprobs : (stand[next++] ?? null)));
  }

  private tell(completions: readonly Completion[]): void {
    const unfaithful = completions.filter(({ faithful }) => !faithful).length;
    if (unfaithful > 0) this.source.onUnfaithful(unfaithful, completions.length);
  }
}

const isKnown = ({ completion, logprobs }: Rollout): boolean => logprobs.length === completion.length;

/** Does `work` with a way to make calls that all end when one fails or the signal is aborted. */
async function whileNoneFails<T>(
  signal: AbortSignal,
  work: (calling: <R>(call: (signal: AbortSignal) => Promise<R>) => Promise<R>) => Promise<T>,
): Promise<T> {
  const group = new AbortController();
  setMaxListeners(0, group.signal, signal);
  const end = (): void => group.abort();
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  let failure: { readonly first: unknown } | null = null;
  try {
    return await work(async (call) => {
      try {
        return await call(group.signal);
      } catch (error) {
        failure ??= { first: error };
        end();
        throw failure.first; // the others only stopped for it
      }
    });
  } finally {
    signal.removeEventListener('abort', end);
  }
}
