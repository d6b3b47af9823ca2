import { types } from 'node:util';
import { createContext, Script } from 'node:vm';
import { Environment, Interpreter, type Program, parse, tokenize } from '@huggingface/jinja';
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
  let program: Program | null = null;
  const render = (messages: readonly ChatMessage[], settings: ChatSettings): string => {
    program ??= parsed(text);
    const environment = new Environment();
    for (const [name, value] of Object.entries(GLOBALS)) environment.set(name, value);
    for (const [name, token] of Object.entries(names)) if (token !== null) environment.set(name, token);
    environment.set('messages', messages);
    environment.set('add_generation_prompt', settings.addGenerationPrompt);
    if (settings.enableThinking !== null) environment.set('enable_thinking', settings.enableThinking);
    const rendered = String(new Interpreter(environment).run(program).value);
    if (rendered.length > MAX_RENDERED_LENGTH) throw new Error(`it writes more than ${MAX_RENDERED_LENGTH} characters`);
    return rendered;
  };
  return {
    render: (messages, settings) => {
      try {
        return withinTime(() => render(messages, settings));
      } catch (cause) {
        throw new CheckpointError(`${path} can't write a conversation; give the template of the model's family`, {
          cause: new Error(faultOf(cause)),
        });
      }
    },
  };
}

function parsed(text: string): Program {
  if (text.length > MAX_TEMPLATE_LENGTH) throw new Error(`it has more than ${MAX_TEMPLATE_LENGTH} characters`);
  try {
    return parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true })); // as transformers reads it
  } catch (cause) {
    throw new Error(`it is no Jinja template: ${faultOf(cause)}`, { cause });
  }
}

/** What every template finds. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  date_string: DATE,
  strftime_now: fixedDate,
  range: boundedRange,
  raise_exception: (message: unknown): never => {
    throw new Error(`it says: ${String(message)}`);
  },
};

const script = new Script('work()');
const context = createContext({}); // one for all: to make one takes as long as to render

/** What `work` gives; the engine breaks it off at the time limit. */
function withinTime(work: () => string): string {
  context['work'] = work;
  return String(script.runInContext(context, { timeout: TIME_LIMIT_MS }));
}

/** In one line. An error of the time limit is of another realm, and so no instance of this one's Error. */
function faultOf(cause: unknown): string {
  if (!types.isNativeError(cause)) return String(cause).slice(0, 300);
  if ('code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
    return `it does not come to an end within ${TIME_LIMIT_MS / 1000} seconds`;
  return cause.message.replace(/\s+/g, ' ').slice(0, 300);
}

/** Python's range, but never longer than a conversation could ask for. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (!(count <= MAX_RANGE)) throw new Error(`it asks for a range of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** Python's strftime of the one day there is, which was a Friday. */
function fixedDate(format: unknown): string {
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
  return String(format).replace(/%([a-zA-Z%])/g, (whole, letter: string) => fields[letter] ?? whole);
}
