import { createContext, Script } from 'node:vm';
import { Template } from '@huggingface/jinja';
import { CheckpointError } from '../errors.js';
import type { TemplateText, TextSettings } from './tokenizer-files.js';

/**
 * Conversations as a checkpoint's chat template writes them. A template is a program from a file, and hostile input:
 * - it is run by an interpreter of its own language (@huggingface/jinja), which reaches nothing of this process;
 * - its length, its time, its output and its ranges are bounded; its memory only through these;
 * - it sees no clock: a run that is resumed on another day asks the same.
 */

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatSettings {
  /** Whether the text ends where the model's answer begins. */
  readonly addGenerationPrompt: boolean;
  /** Qwen3's switch: false asks for an answer without thinking. Null leaves it to the template. */
  readonly enableThinking: boolean | null;
}

export interface ChatTemplate {
  /** The conversation as text, special tokens by name.
   *  @throws CheckpointError where the template is malformed, refuses the messages, or does not come to an end. */
  render(messages: readonly ChatMessage[], settings: ChatSettings): string;
}

const MAX_TEMPLATE_LENGTH = 2 ** 20;
const MAX_RENDERED_LENGTH = 2 ** 22;
const MAX_RANGE = 100_000;
/** Templates of today take a millisecond; this only ends those that never would. */
const TIME_LIMIT_MS = 5000;
/** The day that Llama's templates name where they know none. */
const DATE = '26 Jul 2024';

/** A chat template as a function. It is read when first used, so that a model whose template is broken still completes text.
 *  `names` are the special tokens that it may write. */
export function chatTemplate({ text, path }: TemplateText, names: TextSettings['names']): ChatTemplate {
  let template: Template | null = null;
  const render = (messages: readonly ChatMessage[], settings: ChatSettings): string => {
    if (text.length > MAX_TEMPLATE_LENGTH) throw new Error(`it has more than ${MAX_TEMPLATE_LENGTH} characters`);
    template ??= new Template(text);
    const rendered = template.render({
      ...Object.fromEntries(Object.entries(names).filter(([, name]) => name !== null)),
      messages,
      add_generation_prompt: settings.addGenerationPrompt,
      ...(settings.enableThinking === null ? {} : { enable_thinking: settings.enableThinking }),
      date_string: DATE,
      strftime_now: fixedDate,
      range: boundedRange,
    });
    if (rendered.length > MAX_RENDERED_LENGTH) throw new Error(`it writes more than ${MAX_RENDERED_LENGTH} characters`);
    return rendered;
  };
  return {
    render: (messages, settings) => {
      try {
        return withinTime(() => render(messages, settings));
      } catch (cause) {
        const fault = isTimeout(cause)
          ? `it did not come to an end within ${TIME_LIMIT_MS / 1000} seconds`
          : firstLine(cause instanceof Error ? cause.message : String(cause));
        throw new CheckpointError(
          `${path} can't write a conversation: ${fault}; give the template of the model's family`,
          {
            cause,
          },
        );
      }
    },
  };
}

const script = new Script('work()');

/** What `work` gives; the engine breaks it off at the time limit. */
function withinTime(work: () => string): string {
  const result: unknown = script.runInContext(createContext({ work }), { timeout: TIME_LIMIT_MS });
  return String(result);
}

const isTimeout = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** Python's range, but never longer than a conversation could ask for. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MAX_RANGE)) throw new Error(`it asks for a range of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Python's strftime of the one day there is, which was a Friday. */
function fixedDate(format: string): string {
  const fields: Readonly<Record<string, string>> = {
    d: '26',
    m: '07',
    b: 'Jul',
    B: 'July',
    y: '24',
    Y: '2024',
    a: 'Fri',
    A: 'Friday',
    H: '00',
    M: '00',
    S: '00',
    '%': '%',
  };
  return format.replace(/%([a-zA-Z%])/g, (whole, letter: string) => fields[letter] ?? whole);
}

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 300);
