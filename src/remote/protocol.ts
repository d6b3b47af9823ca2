import { z } from 'zod';
import { ServerError } from '../errors.js';
import { nameOf, type ServerPlace, withoutKey } from './exchange.js';
import { printable } from './refusal.js';

/** What is read of an OpenAI-compatible server's answers, in the dialects of vLLM, llama.cpp and Ollama. */

const modelsAnswer = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1), parent: z.string().nullish() })),
});

const tokenId = z.int().min(0);
/** A little above 0 by rounding. */
const logprob = z.number().max(0.01);
const completionAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        text: z.string().nullish(),
        finish_reason: z.string().nullish(),
        token_ids: z.array(tokenId).nullish(), // vLLM's return_token_ids
        logprobs: z
          .looseObject({
            tokens: z.array(z.string()).nullish(), // "token_id:17" with vLLM's return_tokens_as_token_ids
            token_logprobs: z.array(logprob.nullable()).nullish(),
            content: z // llama.cpp answers completions as chats
              .array(z.looseObject({ id: tokenId.nullish(), token: z.string(), logprob }))
              .nullish(),
          })
          .nullish(),
      }),
    )
    .min(1),
});

/** A completion as a server tells it. */
export interface Choice {
  readonly text: string;
  /** Token ids; null where the server gives none. */
  readonly tokens: readonly number[] | null;
  /** Whether the ids were asked for as such. llama.cpp's, beside its log-probabilities, lack tokens that end amid a
   *  character. */
  readonly tokensAreWhole: boolean;
  /** The text of each token; null where the server gives none. */
  readonly pieces: readonly string[] | null;
  /** Natural log-probability of each token; null where the server gives none. */
  readonly logprobs: readonly number[] | null;
  /** Ended by a stop, and not by the token limit. */
  readonly stopped: boolean;
}

/** What a server has, by name: models, and adapters over one of them. */
export interface ServedModels {
  readonly models: readonly string[];
  readonly adapters: readonly string[];
}

/** The models that a server has. @throws ServerError for anything but a list of models. */
export function parseModels(place: ServerPlace, text: string): ServedModels {
  const { data } = parse(place, '/models', text, modelsAnswer);
  const named = (isAdapter: boolean): string[] =>
    data.flatMap(({ id, parent }) => (((parent ?? null) !== null) === isAdapter ? [id] : []));
  return { models: named(false), adapters: named(true) };
}

/** The first completion in an answer: one was asked for. @throws ServerError for anything but a completion. */
export function parseCompletion(place: ServerPlace, text: string): Choice {
  const [choice] = parse(place, '/completions', text, completionAnswer).choices;
  const { token_ids, logprobs, finish_reason } = choice ?? {};
  const content = logprobs?.content ?? null;
  const pieces = content?.map(({ token }) => token) ?? logprobs?.tokens ?? null;
  const theirs = content?.map((entry) => entry.logprob) ?? logprobs?.token_logprobs ?? null;
  return {
    text: choice?.text ?? '',
    tokens: token_ids ?? idsOf(content) ?? namedIds(pieces),
    tokensAreWhole: (token_ids ?? null) !== null || content === null,
    pieces,
    logprobs: theirs === null || theirs.length === 0 || theirs.includes(null) ? null : theirs.flatMap((x) => x ?? []),
    stopped: finish_reason === 'stop',
  };
}

function idsOf(content: readonly { readonly id?: number | null | undefined }[] | null): number[] | null {
  if (content === null || content.length === 0) return null;
  const ids = content.flatMap(({ id }) => id ?? []);
  return ids.length === content.length ? ids : null;
}

function namedIds(pieces: readonly string[] | null): number[] | null {
  if (pieces === null || pieces.length === 0) return null;
  const ids = pieces.flatMap((piece) => /^token_id:(\d+)$/.exec(piece)?.[1] ?? []).map(Number);
  return ids.length === pieces.length ? ids : null;
}

/** An answer that is JSON of this form. @throws ServerError in one sentence for any other. */
export function parse<T>(place: ServerPlace, path: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const found = text.trim() === '' ? 'nothing' : `"${printable(withoutKey(place, text)).slice(0, 60)}"`;
    throw new ServerError(
      `${nameOf(place)} answers ${path} with ${found}, which is no JSON; an OpenAI-compatible address ends in /v1`,
      { cause: cause instanceof SyntaxError ? undefined : cause },
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ServerError(
    `${nameOf(place)} answers ${path} in a form that is not OpenAI's, at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'invalid'}`,
  );
}
