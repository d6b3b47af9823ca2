import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { samplingSettings } from '../../src/lm/batching.js';
import { decodeWeights, openCheckpoint } from '../../src/lm/checkpoint.js';
import { type LoraSettings, loraLayout } from '../../src/lm/lora.js';
import { loadTokenizer } from '../../src/lm/tokenizer.js';
import { OnnxReader } from '../../src/policies/reader.js';
import { shareWeights } from '../../src/policies/state.js';
import type { Rollout } from '../../src/rl/rollout.js';
import { LmPool } from '../../src/workers/pool.js';
import type { PolicyWeights } from '../../src/workers/tasks.js';
import { Answer, type Answering, type FakeServer, fakeServer, LEFT_ALONE } from './fake-server.js';

interface Asked {
  readonly temperature: number;
  readonly max_tokens: number;
  readonly seed: number;
  readonly prompt: string | readonly number[];
  /** vLLM's and Ollama's ways to end a completion. */
  readonly stop_token_ids: readonly number[];
  readonly stop?: readonly string[];
}

type Sampler = (
  weights: PolicyWeights,
  prompt: readonly number[],
  stops: readonly number[],
  asked: Asked,
) => Promise<Rollout>;

/** What samples for the servers below: our engine. */
function sampler(t: { after(release: () => unknown): void }, folder: string) {
  const { config, places, folder: home } = openCheckpoint(folder);
  const pool = new LmPool(config, 'cpu', 1, 1, () => {});
  t.after(() => pool.close());
  const sample: Sampler = async (weights, prompt, stops, { temperature, max_tokens, seed }) => {
    const sampling = samplingSettings({ temperature, maxTokens: max_tokens, stops });
    const groups = await new OnnxReader(pool, weights).generate([prompt], 1, sampling, seed);
    return (groups[0] as [Rollout])[0];
  };
  return { config, base: { folder: home, places }, sample };
}

/** Answers when the engine has: the handler is left alone until then. */
function later(response: ServerResponse, answer: Promise<object>): symbol {
  answer.then(
    (value) => response.end(JSON.stringify(value)),
    (error: unknown) => response.destroy(error as Error),
  );
  return LEFT_ALONE;
}

/** A server that takes and gives text alone, as Ollama does: the stop is not in it. */
export async function textServer(t: { after(release: () => unknown): void }, folder: string): Promise<FakeServer> {
  const { base, sample } = sampler(t, folder);
  const tokenizer = loadTokenizer(folder);
  const complete = async (asked: Asked, prompt: string): Promise<object> => {
    const stops = (asked.stop ?? ['<eos>']).flatMap((stop) => tokenizer.encode(stop));
    const { completion, finished } = await sample(base, tokenizer.encode(prompt), stops, asked);
    const text = tokenizer.decode(finished ? completion.slice(0, -1) : completion);
    return { choices: [{ text, finish_reason: finished ? 'stop' : 'length' }] };
  };
  return fakeServer(t, {
    '/completions': ({ body }, response) => {
      const asked = body as unknown as Asked;
      if (typeof asked.prompt === 'string') return later(response, complete(asked, asked.prompt));
      return new Answer(400, { error: { message: 'cannot unmarshal array into a field of type string' } });
    },
  });
}

/** A server that does with adapters what vLLM does: it reads their folders when it is told to, and samples from the base with
 *  them under their names. */
export async function adapterServer(
  t: { after(release: () => unknown): void },
  folder: string,
  lora: LoraSettings,
): Promise<FakeServer> {
  const { config, base, sample } = sampler(t, folder);
  const models = new Map<string, PolicyWeights>([['base', base]]);
  const complete = async (weights: PolicyWeights, asked: Asked): Promise<object> => {
    const prompt = asked.prompt as readonly number[];
    const { completion, logprobs, finished } = await sample(weights, prompt, asked.stop_token_ids, asked);
    const reason = finished ? 'stop' : 'length';
    return { choices: [{ finish_reason: reason, token_ids: completion, logprobs: { token_logprobs: logprobs } }] };
  };
  const handlers: Readonly<Record<string, Answering>> = {
    '/models': () => ({ data: [...models.keys()].map((id) => (id === 'base' ? { id } : { id, parent: 'base' })) }),
    '/load_lora_adapter': ({ body }) => {
      const path = join(String(body['lora_path']), 'adapter_model.safetensors');
      const adapters = shareWeights(decodeWeights(loraLayout(config, lora), readFileSync(path), path));
      models.set(String(body['lora_name']), { base, lora, adapters });
      return new Answer(200, 'Success');
    },
    '/unload_lora_adapter': ({ body }) => new Answer(models.delete(String(body['lora_name'])) ? 200 : 404, 'done'),
    '/completions': (request, response) => {
      const weights = models.get(String(request.body['model']));
      if (weights === undefined) return new Answer(404, { error: { message: 'The model does not exist.' } });
      return later(response, complete(weights, request.body as unknown as Asked));
    },
  };
  return fakeServer(t, handlers);
}
