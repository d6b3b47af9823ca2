import { z } from 'zod';
import { exchange, type Question, type ServerPlace, withoutKey } from './exchange.js';
import { type Persistence, persistently } from './persistence.js';
import { Places } from './places.js';
import { parse } from './protocol.js';
import { accepted, Refusal } from './refusal.js';

/**
 * A server that answers messages by OpenAI's chat protocol. Rules:
 * - one question a request, its likeliest answer; never a stream;
 * - what it says is bounded in size and freed of the key before anybody sees it;
 * - newer models take another name for the limit, and no temperature: the way that worked is kept.
 */

export interface ChatSettings extends ServerPlace {
  readonly model: string;
  /** Longest answer, its reasoning included. */
  readonly maxTokens: number;
  /** Requests under way at a time. */
  readonly concurrency: number;
}

/** A model's answer, and what it took; counts are null where the server gives none. */
export interface ChatAnswer {
  readonly text: string;
  /** False where the token limit cut it. */
  readonly finished: boolean;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

const PATH = '/chat/completions';
/** Reasoning comes beside the text, and some servers repeat one in the other. */
const BYTES_PER_TOKEN = 64;
const BYTES_BESIDE = 256 * 1024;

const WAYS = [
  { limit: 'max_tokens', withTemperature: true },
  { limit: 'max_completion_tokens', withTemperature: true },
  { limit: 'max_completion_tokens', withTemperature: false },
] as const;

const textPart = z.looseObject({ text: z.string().nullish() });
const tokenCount = z.int().min(0).max(1e9).nullish().catch(null);
const chatAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({ content: z.union([z.string(), z.array(textPart)]).nullish() }),
      }),
    )
    .min(1),
  usage: z.looseObject({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(null),
});

export class ChatServer {
  private readonly places: Places;
  private way = 0;

  constructor(
    readonly settings: ChatSettings,
    private readonly persistence: Persistence,
  ) {
    this.places = new Places(settings.concurrency);
  }

  /** The model's likeliest answer to `user` under the instructions in `system`.
   *  @throws OutlastingFault where the server stays out of order, Refusal where it refuses, ServerError where it answers
   *    what can't be used or too late; Interrupted when the signal is aborted. */
  ask(system: string, user: string, signal: AbortSignal): Promise<ChatAnswer> {
    return this.places.run(async () => {
      for (let way = this.way; ; way = this.way) {
        try {
          return await this.askInWay(way, system, user, signal);
        } catch (error) {
          if (!isAboutWay(error) || way === WAYS.length - 1) throw error;
          this.way = Math.max(this.way, way + 1);
        }
      }
    });
  }

  private async askInWay(way: number, system: string, user: string, signal: AbortSignal): Promise<ChatAnswer> {
    const { settings } = this;
    const { limit, withTemperature } = WAYS[way] ?? WAYS[0];
    const question: Question = {
      method: 'POST',
      path: PATH,
      body: {
        model: settings.model,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: user },
        ],
        n: 1,
        stream: false,
        [limit]: settings.maxTokens,
        ...(withTemperature ? { temperature: 0 } : {}),
      },
      maxBytes: settings.maxTokens * BYTES_PER_TOKEN + BYTES_BESIDE,
    };
    const text = await persistently(this.persistence, signal, async () =>
      accepted(settings, PATH, await exchange(settings, question, signal)),
    );
    return readAnswer(settings, text);
  }
}

function readAnswer(place: ServerPlace, text: string): ChatAnswer {
  const { choices, usage } = parse(place, PATH, text, chatAnswer);
  const content = choices[0]?.message.content ?? '';
  const said = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
  return {
    text: withoutKey(place, said),
    finished: choices[0]?.finish_reason !== 'length',
    promptTokens: usage?.prompt_tokens ?? null,
    completionTokens: usage?.completion_tokens ?? null,
  };
}

const isAboutWay = (error: unknown): boolean =>
  error instanceof Refusal &&
  [400, 422].includes(error.status) &&
  /max_(?:completion_)?tokens|temperature/.test(error.said);
