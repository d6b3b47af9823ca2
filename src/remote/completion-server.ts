import { ServerError, UsageError } from '../errors.js';
import type { SamplingSettings } from '../lm/batching.js';
import type { Tokenizer } from '../lm/tokenizer.js';
import { type Completion, type CompletionReader, completionOf } from './completion.js';
import { exchange, nameOf, type Question, type ServerPlace } from './exchange.js';
import { ONCE, PATIENT, type Persistence, persistently } from './persistence.js';
import { Places } from './places.js';
import { type Choice, parseCompletion, parseModels, type ServedModels } from './protocol.js';
import { accepted, Refusal } from './refusal.js';

/**
 * A server that samples completions by OpenAI's protocol. Rules:
 * - completions and not chats: prompts are rendered here, and go as token ids where the server takes them;
 * - one request a completion, with a seed of its own: what is sampled does not depend on how requests were grouped, not
 *   every server knows `n`, and those that do share a prompt's keys and values among requests as well;
 * - cuts of the distribution and penalties are switched off by name: servers have defaults of their own, some from the
 *   model's generation_config.json, and a truncated distribution is not the one that we train;
 * - what it can do is learnt once, from a first completion.
 */

export interface ServerSettings extends ServerPlace {
  /** The server's name of the base model; null for the only one it has. */
  readonly model: string | null;
  /** Requests under way at a time. */
  readonly concurrency: number;
}

/** What a server was found to do. */
export interface Abilities {
  /** Takes prompts as token ids; others get their text, and cut it into tokens themselves. */
  readonly tokenPrompts: boolean;
  /** Gives the ids of the tokens that it sampled. */
  readonly tokenIds: boolean;
  /** Gives the log-probability of each token. */
  readonly logprobs: boolean;
}

/** A prompt with the completion that a server was tried with. */
export interface Trial {
  readonly prompt: readonly number[];
  readonly completion: Completion;
}

/** Bytes that an answer may take for each token, with its text, its log-probability and the likeliest other. */
const BYTES_PER_TOKEN = 1024;
const BYTES_BESIDE = 64 * 1024;
const MODELS_BYTES = 4 * 2 ** 20;
const TRIAL_TOKENS = 16;

type Way = Pick<Abilities, 'tokenPrompts' | 'logprobs'>;
/** Ways to ask, the best first: some servers refuse a whole request for one field that they do not know. */
const WAYS: readonly Way[] = [
  { tokenPrompts: true, logprobs: true },
  { tokenPrompts: false, logprobs: true },
  { tokenPrompts: false, logprobs: false },
];

export class CompletionServer {
  private readonly places: Places;

  private constructor(
    private readonly settings: ServerSettings,
    private readonly reader: CompletionReader,
    /** The server's name of the base model. */
    readonly baseName: string,
    /** Names of the adapters that it had when it was met. */
    readonly adapters: readonly string[],
    readonly abilities: Abilities,
    readonly trial: Trial,
    private readonly persistence: Persistence,
  ) {
    this.places = new Places(settings.concurrency);
  }

  /** Meets a server: asks for its models and for a first completion of `prompt`.
   *  @throws ServerError in one sentence, where it can't be used; UsageError where it has no model of that name, or several
   *  and none was named; Interrupted when the signal is aborted. */
  static async connect(
    settings: ServerSettings,
    reader: CompletionReader,
    { prompt, stops }: { readonly prompt: readonly number[]; readonly stops: readonly number[] },
    signal: AbortSignal,
    persistence: Persistence = PATIENT,
  ): Promise<CompletionServer> {
    const served = await servedModels(settings, signal);
    const baseName = baseModel(settings, served);
    let refusal: unknown;
    for (const way of WAYS) {
      try {
        const sampling = { temperature: 1, topP: 1, topK: 0, minP: 0, maxTokens: TRIAL_TOKENS, stops };
        const request = requestBody(reader, baseName, way, prompt, sampling, 1, []);
        const choice = await ask(settings, completionQuestion(request, TRIAL_TOKENS), ONCE, signal);
        const completion = completionOf(settings, reader, choice, sampling);
        const abilities = {
          tokenPrompts: way.tokenPrompts,
          tokenIds: choice.tokens !== null,
          logprobs: choice.logprobs !== null,
        };
        const trial = { prompt, completion };
        return new CompletionServer(settings, reader, baseName, served.adapters, abilities, trial, persistence);
      } catch (error) {
        if (!(error instanceof Refusal) || ![400, 422].includes(error.status)) throw error;
        refusal ??= error; // of the best way: what it says is nearest to what we want
      }
    }
    throw refusal;
  }

  get place(): ServerPlace {
    return this.settings;
  }

  /** A completion sampled by the model that the server has under `model`. `seed` is a whole number below 2³¹.
   *  @throws ServerError where none can be had; Interrupted when the signal is aborted. */
  complete(
    model: string,
    prompt: readonly number[],
    sampling: SamplingSettings,
    seed: number,
    signal: AbortSignal,
  ): Promise<Completion> {
    // What knows token ids stops at them, and we cut the rest. A text that spells a stop is no stop.
    const { tokenizer } = this.reader;
    const stopTexts = this.abilities.tokenIds ? [] : sampling.stops.map((stop) => tokenizer.decode([stop]));
    const request = requestBody(this.reader, model, this.abilities, prompt, sampling, seed, stopTexts);
    return this.places.run(async () => {
      const question = completionQuestion(request, sampling.maxTokens);
      const choice = await ask(this.settings, question, this.persistence, signal);
      return completionOf(this.settings, this.reader, choice, sampling);
    });
  }

  /** Posts to one of the server's own paths, and gives the text of its answer. @throws Refusal, and as {@link complete}. */
  post(path: string, body: object, signal: AbortSignal): Promise<string> {
    const question: Question = { method: 'POST', path, body, maxBytes: BYTES_BESIDE };
    return persistently(this.persistence, signal, async () =>
      accepted(this.settings, path, await exchange(this.settings, question, signal)),
    );
  }
}

async function servedModels(settings: ServerSettings, signal: AbortSignal): Promise<ServedModels> {
  const question: Question = { method: 'GET', path: '/models', body: null, maxBytes: MODELS_BYTES };
  const text = await persistently(ONCE, signal, async () =>
    accepted(settings, '/models', await exchange(settings, question, signal)),
  );
  return parseModels(settings, text);
}

function baseModel(settings: ServerSettings, { models: names }: ServedModels): string {
  const { model } = settings;
  if (names.length === 0) throw new ServerError(`${nameOf(settings)} has no model loaded`);
  if (model !== null && names.includes(model)) return model;
  const listed = `it has ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;
  if (model !== null)
    throw new UsageError(
      `${nameOf(settings)} has no model "${model}": ${listed}; name one with --set rollouts.model=…`,
    );
  if (names.length > 1)
    throw new UsageError(
      `${nameOf(settings)} has ${names.length} models: ${listed}; name the base with --set rollouts.model=…`,
    );
  return names[0] as string;
}

type Choices = Pick<SamplingSettings, 'temperature' | 'topP' | 'topK' | 'minP' | 'maxTokens' | 'stops'>;

function requestBody(
  { tokenizer }: CompletionReader,
  model: string,
  way: Way,
  prompt: readonly number[],
  { temperature, topP, topK, minP, maxTokens, stops }: Choices,
  seed: number,
  stopTexts: readonly string[],
): object {
  return {
    model,
    prompt: way.tokenPrompts ? prompt : tokenizer.decode(unopened(tokenizer, prompt)),
    n: 1,
    stream: false,
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    top_k: topK === 0 ? -1 : topK,
    min_p: minP,
    presence_penalty: 0,
    frequency_penalty: 0,
    repetition_penalty: 1, // vLLM's name
    repeat_penalty: 1, // llama.cpp's
    seed,
    ...(way.logprobs ? { logprobs: 1 } : {}),
    ...(stopTexts.length > 0 ? { stop: stopTexts } : {}),
    stop_token_ids: stops, // the rest is vLLM's
    add_special_tokens: false,
    return_token_ids: true,
    return_tokens_as_token_ids: true,
  };
}

/** What cuts a text into tokens itself also puts ahead what the checkpoint wants there. */
const unopened = ({ opening }: Tokenizer, prompt: readonly number[]): readonly number[] =>
  opening.every((token, i) => token === prompt[i]) ? prompt.slice(opening.length) : prompt;

const completionQuestion = (body: object, maxTokens: number): Question => ({
  method: 'POST',
  path: '/completions',
  body,
  maxBytes: maxTokens * BYTES_PER_TOKEN + BYTES_BESIDE,
});

function ask(
  settings: ServerSettings,
  question: Question,
  persistence: Persistence,
  signal: AbortSignal,
): Promise<Choice> {
  return persistently(persistence, signal, async () => {
    const reply = await exchange(settings, question, signal);
    return parseCompletion(settings, accepted(settings, question.path, reply));
  });
}
