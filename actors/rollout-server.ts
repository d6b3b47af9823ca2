import { resolve } from 'node:path';
import type { RunConfig } from '../src/config.js';
import { ServerError, UsageError } from '../src/errors.js';
import type { PromptFormat } from '../src/lm/prompts.js';
import type { Policy } from '../src/policies/policy.js';
import { ServedPolicy } from '../src/policies/served.js';
import { AdapterHost } from '../src/remote/adapter-host.js';
import { CompletionServer } from '../src/remote/completion-server.js';
import { nameOf } from '../src/remote/exchange.js';
import { writePeftFolder } from '../src/remote/peft-folder.js';
import { logprobDrift } from '../src/rl/importance.js';
import type { Role } from '../storage/steps.js';
import type { JudgeKeys } from './judge-server.js';
import { modelFolder, type TrainableModel } from './model.js';

/** The server that samples a run's rollouts, where it has one. */

/** What is needed of the world outside to speak with servers. */
export interface ServerHooks extends JudgeKeys {
  readonly signal: AbortSignal;
  readonly onNews: (text: string) => void;
}

/** Meets the server of a run's settings; null where rollouts are sampled here.
 *  @throws UsageError where settings do not go together, ServerError where the server can't be used. */
export async function meetServer(
  { rollouts }: RunConfig,
  model: TrainableModel,
  format: PromptFormat,
  { signal, serverKey }: ServerHooks,
): Promise<CompletionServer | null> {
  const { url } = rollouts;
  if (url === null) return null;
  requireConsent(url, rollouts, model);
  const server = await CompletionServer.connect(
    { ...rollouts, purpose: 'rollouts', url, apiKey: serverKey, keyVariable: 'OPENAI_API_KEY' },
    { tokenizer: model.tokenizer, vocabularySize: model.config.vocabularySize },
    { prompt: model.tokenizer.encode(format.challengerPrompt), stops: format.challengerStops },
    signal,
  );
  return server;
}

/** A server that can't be given what was learnt serves the base for ever: that has to be wanted. */
function requireConsent(url: string, rollouts: RunConfig['rollouts'], { base }: TrainableModel): void {
  if (rollouts.lora === 'none' && !rollouts.stale) {
    throw new UsageError(
      `the server at ${url} would go on sampling from the base while the policies learn; with vLLM use --set rollouts.lora=vllm, or allow it with --set rollouts.stale=true (docs/rollouts.md)`,
    );
  }
  if (rollouts.lora === 'none') return;
  if (base === null)
    throw new UsageError('rollouts.lora=vllm sends adapters, and in this run all weights learn; set lora.rank above 0');
  if (rollouts.loraFolder === null)
    throw new UsageError('rollouts.lora=vllm needs a folder that the server reads too: --set rollouts.loraFolder=DIR');
}

/** More than quantised weights bring about. */
const OTHER_MODEL = 1;

/** @throws ServerError where the server's log-probabilities are not those of the base. */
export async function requireSameModel(server: CompletionServer, base: Policy): Promise<void> {
  const { prompt, completion } = server.trial;
  if (completion.logprobs.length === 0) return;
  const [ours = []] = await base.score([{ prompt, completion: completion.tokens }]);
  const drift = logprobDrift([{ ours, theirs: completion.logprobs }]);
  if (drift !== null && drift.mean > OTHER_MODEL) {
    throw new ServerError(
      `${nameOf(server.place)} serves another model than this run's: its log-probabilities are ${drift.mean.toFixed(1)} away from ours on average`,
    );
  }
}

/** How a role's policy samples: at the server. */
export function servedBy(
  server: CompletionServer,
  { rollouts, model: modelName }: RunConfig,
  model: TrainableModel,
  base: Policy,
  runId: string,
  { signal, onNews }: ServerHooks,
): (role: Role, own: Policy) => Policy {
  const hostOf = (role: Role): AdapterHost | null => {
    if (rollouts.lora === 'none' || rollouts.loraFolder === null || model.base === null) return null;
    const { lora } = model.base;
    const home = resolve(modelFolder(modelName));
    return new AdapterHost(server, rollouts.loraFolder, `rzero-${runId}-${role}`, (folder, adapters) =>
      writePeftFolder(folder, model.config, lora, adapters, home),
    );
  };
  const onUnfaithful = (count: number, of: number): void =>
    onNews(`${count} of ${of} completions from the server could not be cut into the tokens that spell them`);
  return (role, own) =>
    new ServedPolicy(own, {
      server,
      host: hostOf(role),
      samples: rollouts.lora === 'none' ? base : null,
      importanceCap: rollouts.importanceCap,
      signal,
      onUnfaithful,
    });
}

/** A line on what the server was found to do. */
export function aboutServer({ place, baseName, abilities }: CompletionServer, { rollouts }: RunConfig): string {
  const { tokenPrompts, tokenIds, logprobs } = abilities;
  const tokens = tokenPrompts && tokenIds ? 'in tokens' : tokenPrompts ? 'answers in text' : 'in text';
  const without =
    rollouts.lora === 'none' ? "without log-probabilities: the base's here stand in" : 'without log-probabilities';
  const uncorrected = rollouts.lora === 'none' ? '' : ', so what it samples is trained on uncorrected';
  return `rollouts from ${place.url}, model ${baseName}, ${tokens}, ${logprobs ? 'with log-probabilities' : without + uncorrected}`;
}
