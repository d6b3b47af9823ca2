import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { closest } from 'fastest-levenshtein';
import { type RunConfig, requireJudge, resolveConfig } from '../src/config.js';
import { UsageError } from '../src/errors.js';
import { PRESETS } from '../src/presets.js';

/** Flags that several commands share, each defined once; and how a wrong one is told. */

export const DEFAULT_DATABASE = './rzero.db';
export const PRESET_NAMES = Object.keys(PRESETS);

/** The flags of a judge of labels, as commander gives them. */
export interface OracleFlags {
  /** In an object, as commander makes an empty text of a null: no judge is wanted. */
  readonly oracle?: { readonly model: string | null };
  readonly oracleUrl?: string;
}

/** The flags of `run` that become its configuration, as commander gives them. */
export interface RunFlags extends OracleFlags {
  readonly preset?: string;
  readonly model?: string;
  readonly iterations?: number;
  readonly seed?: number;
  readonly ep?: RunConfig['executionProvider'];
  readonly workers?: number;
  readonly threadsPerWorker?: number;
  /** The server's address, without `openai:`. */
  readonly rollouts?: string;
  readonly set: readonly string[];
  readonly config?: string;
}

/** A new command of `program` whose usage errors are one sentence and point to its own help. */
export function defineCommand(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = program.command(name).description(description);
  return speakPlainly(command).addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** Makes commander tell a usage error as `rzero: SENTENCE; see rzero COMMAND --help`. */
export function speakPlainly(command: Command): Command {
  const path = [command.parent?.name(), command.name()].filter((part) => part !== undefined).join(' ');
  return command.configureOutput({
    outputError: (text, write) => {
      const sentence = text
        .trim()
        .replace(/^error: /, '')
        .replace(/\.$/, '')
        .replace(/\n\(Did you mean (.*)\?\)$/, ' (did you mean $1?)');
      write(`rzero: ${sentence}${hintFor(command, sentence)}; see ${path} --help\n`);
    },
  });
}

export const databaseOption = (): Option => new Option('--db <file>', 'the database of runs').default(DEFAULT_DATABASE);
export const quietOption = (): Option => new Option('--quiet', 'no progress on stderr');
export const jsonOption = (text = 'print one JSON object on stdout instead of tables'): Option =>
  new Option('--json', text);
export const presetOption = (): Option =>
  new Option(
    '--preset <name>',
    `settings to begin from: ${PRESET_NAMES.join(', ')} (default: tiny for the embedded model and its like, paper for others)`,
  );
export const modelOption = (): Option =>
  new Option('--model <dir>', 'folder of a checkpoint in Hugging Face layout, or "tiny" for the embedded one');
export const providerOption = (): Option =>
  new Option('--ep <provider>', 'where the ONNX graphs run').choices(['cpu', 'webgpu', 'cuda']);
export const workersOption = (): Option =>
  new Option('--workers <n>', 'workers that each hold the model').argParser(wholeNumber(1));
export const threadsPerWorkerOption = (): Option =>
  new Option('--threads-per-worker <n>', "threads inside each worker's graph runs").argParser(wholeNumber(1));
export const seedOption = (): Option => new Option('--seed <n>', 'seed of everything random').argParser(wholeNumber(0));

export const rolloutsOption = (): Option =>
  new Option('--rollouts <server>', 'sample rollouts and votes at an OpenAI-compatible server: openai:URL').argParser(
    serverAddress,
  );

export const oracleOption = (): Option =>
  new Option(
    '--oracle <judge>',
    "let a model judge the labels that can't be computed: openai:MODEL, or none",
  ).argParser(judgeModel);
export const oracleUrlOption = (): Option =>
  new Option(
    '--oracle-url <url>',
    'the OpenAI-compatible server of that model (default: https://api.openai.com/v1)',
  ).argParser(httpAddress);

function judgeModel(text: string): OracleFlags['oracle'] {
  if (text === 'none') return { model: null };
  const model = /^openai:(.+)$/.exec(text)?.[1];
  if (model !== undefined && !/^https?:/.test(model)) return { model };
  throw new InvalidArgumentError(
    'Expected openai: and the name of a model, such as openai:gpt-4o, with its address in --oracle-url; or none',
  );
}

function httpAddress(text: string): string {
  if (/^https?:\/\//.test(text)) return text;
  throw new InvalidArgumentError('Expected an http address that ends in /v1, such as http://127.0.0.1:8000/v1');
}

function serverAddress(text: string): string {
  const address = /^openai:(.+)$/.exec(text)?.[1];
  if (address !== undefined && /^https?:\/\//.test(address)) return address;
  throw new InvalidArgumentError(
    'Expected openai: and an http address that ends in /v1, such as openai:http://127.0.0.1:8000/v1',
  );
}

/** A policy of a run after an iteration, as `--run ID@ITERATION` names it.
 *  @throws UsageError for anything else. */
export function parseRunPlace(run: string): { readonly runId: string; readonly iteration: number } {
  const [, runId, iteration] = /^(.+)@(\d+)$/.exec(run) ?? [];
  if (runId === undefined) throw new UsageError(`--run wants ID@ITERATION, got "${run}" (for example --run r7f3k2@3)`);
  return { runId, iteration: Number(iteration) };
}

/** Parser of a whole number from `low` to `high`. */
export function wholeNumber(low: number, high = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(
      high === Number.POSITIVE_INFINITY
        ? `Expected a whole number of ${low} or more`
        : `Expected a whole number from ${low} to ${high}`,
    );
  };
}

/** Parser of a sampling temperature; 0 takes the likeliest token each time. */
export function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 10) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 10');
}

/** Parser of a learning rate. */
export function rate(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number above 0, up to 1');
}

/** Parser of a share from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1');
}

/** Collects the values of a flag that may be given several times. */
export function repeated(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** The resolved configuration of a run: preset, then `--config`, then flags, then `--set`.
 *  A preset named in the file counts as the preset unless `--preset` is given; `usual` is it where neither names one.
 *  @throws UsageError for a file that is no JSON object, and for anything unknown or out of range. */
export function configFromFlags(flags: RunFlags, usual = 'tiny'): RunConfig {
  const { preset: filePreset, ...file } = flags.config === undefined ? {} : readConfigFile(flags.config);
  const preset = flags.preset ?? filePreset ?? usual;
  if (typeof preset !== 'string')
    throw new UsageError(`${flags.config}: preset: expected a name, got ${JSON.stringify(preset)}`);
  const servers = {
    'rollouts.url': flags.rollouts,
    'oracle.model': flags.oracle?.model,
    'oracle.url': flags.oracleUrl,
  };
  const named = Object.entries(servers).filter(([, value]) => value !== undefined);
  const config = resolveConfig({
    preset,
    file,
    set: [...named.map(([key, value]) => `${key}=${JSON.stringify(value)}`), ...flags.set],
    flags: {
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.iterations === undefined ? {} : { iterations: flags.iterations }),
      ...(flags.model === undefined ? {} : { model: flags.model }),
      ...(flags.ep === undefined ? {} : { executionProvider: flags.ep }),
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      ...(flags.threadsPerWorker === undefined ? {} : { threadsPerWorker: flags.threadsPerWorker }),
    },
  });
  if (flags.oracleUrl !== undefined) requireJudge(config);
  return config;
}

/** The text of a file that a flag names.
 *  @throws UsageError when it can't be read. */
export function readNamedFile(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${flag} ${file}: can't be read`, { cause });
  }
}

function readConfigFile(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readNamedFile('--config', file));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`--config ${file}: expected JSON`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(
      `--config ${file}: expected a JSON object of settings, such as {"rl": {"solver": {"lr": 0.0002}}}`,
    );
  }
  return content as Record<string, unknown>;
}

/** The nearest flag or command, where commander found none near enough to name. */
function hintFor(command: Command, sentence: string): string {
  if (sentence.includes('(did you mean')) return '';
  const found = /^unknown (command|option) '([^']*)'/.exec(sentence);
  if (found === null) return '';
  const [, kind, word = ''] = found;
  const options = command.options.map((option) => option.long).filter((name) => name !== undefined && name !== null);
  const names = kind === 'command' ? command.commands.map((each) => each.name()) : options;
  return names.length === 0 ? '' : ` (the nearest is ${closest(word, names)})`;
}
