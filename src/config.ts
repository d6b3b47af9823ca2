import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { UsageError } from './errors.js';
import { LORA_TARGETS } from './lora-targets.js';
import { PRESETS, type PresetName } from './presets.js';
import { oracle, rollouts } from './server-settings.js';

/**
 * Every setting of a run, described once: the descriptions are the help, the docs and the error messages.
 * The resolved configuration is stored with the run.
 */

const fraction = z.number().min(0).max(1);
const count = z.int().min(1);
const learningRate = z.number().gt(0).max(1);
const temperature = z.number().gt(0).max(10);

/** How a policy is updated from scored rollouts: GRPO and its relatives. */
const grpo = {
  lr: learningRate.describe('learning rate of AdamW'),
  weightDecay: z.number().min(0).max(1).describe('decoupled weight decay of AdamW'),
  gradientClip: z.number().gt(0).describe('largest global norm of the gradient'),
  kl: z.number().min(0).max(10).describe('weight of the KL to the reference (low-variance estimator)'),
  reference: z
    .enum(['iteration', 'base'])
    .describe('frozen reference policy: the start of this iteration, or the base'),
  clipLow: fraction.describe('lower clip of the ratio: 1 - clipLow'),
  clipHigh: z.number().min(0).max(10).describe('upper clip of the ratio: 1 + clipHigh (DAPO: 0.28)'),
  ratio: z.enum(['token', 'sequence']).describe('importance ratio of each token (GRPO) or of the whole answer (GSPO)'),
  averaging: z.enum(['token', 'sequence']).describe('loss averaged over all tokens, or over answers first'),
  standardise: z.boolean().describe('divide advantages by the standard deviation of the group (false: Dr. GRPO)'),
  minibatches: count.describe('updates that one rollout batch is split into'),
  epochs: count.describe('passes over one rollout batch'),
  recompute: z
    .boolean()
    .default(false) // runs stored before it was a setting go on as they were
    .describe('gradient checkpointing: less memory for a third more work, with the same gradients'),
  maskTruncated: z.boolean().describe('leave answers cut by the token limit out of the loss'),
  maxTokens: count.max(4096).describe('longest rollout, in tokens'),
};

const configSchema = z.strictObject({
  preset: z.string().describe('the preset these settings began from'),
  seed: z.int().min(0).max(0x7fffffff).describe('seed of everything random'),
  iterations: z.int().min(1).max(10_000).describe('rounds of Challenger and Solver'),
  model: z.string().min(1).describe('folder of the base model in Hugging Face layout, or "tiny" for the embedded one'),
  executionProvider: z.enum(['cpu', 'webgpu', 'cuda']).describe('where the ONNX graphs run'),
  workers: z
    .int()
    .min(1)
    .max(64)
    .describe('workers that each hold the model, on webgpu always one; part of what a seed reproduces'),
  // A default, unlike most: runs stored before there was this setting had one thread, and are resumed with it.
  threadsPerWorker: z
    .int()
    .min(0)
    .max(256)
    .default(1)
    .describe(
      "threads inside each worker's graph runs: 1 is best for small models, and as many as there are cores (0 means that) for large ones",
    ),
  deviceWeights: z
    .enum(['stored', 'float32', 'float16'])
    .default('float32') // runs stored before there was a choice had float32 there
    .describe(
      'weights that do not learn, in the memory of webgpu: as their files have them; as float32, faster where 16 bits would do in half the memory; or with those of F32 rounded to float16',
    ),
  lora: z
    .strictObject({
      rank: z
        .int()
        .min(0)
        .max(1024)
        .describe(
          'rank of the adapters that learn in place of the weights, which then stay in their files; 0: all learn',
        ),
      alpha: z.number().gt(0).max(10_000).describe('adapters are scaled by alpha / rank'),
      targets: z.array(z.enum(LORA_TARGETS)).min(1).describe('projections that have an adapter'),
    })
    .default(PRESETS.tiny.lora), // runs stored before there were adapters trained all weights
  rollouts,
  oracle,
  rl: z.strictObject({
    challenger: z.strictObject({
      ...grpo,
      start: z.enum(['base', 'previous']).describe('weights each iteration begins with: the base, or its last'),
      steps: z
        .int()
        .min(0)
        .max(100_000)
        .describe('GRPO steps of the Challenger in each iteration; 0 leaves it untrained'),
      questions: count.min(2).max(65_536).describe('questions written in each step: one group'),
      votes: count.max(1024).describe('Solver answers per question'),
      reward: z
        .enum(['code', 'paper'])
        .describe('frontier reward: min(p, 1-p) of the reference code, or 1-2|p-1/2| of the paper'),
      gated: z
        .boolean()
        .describe("reward only if the Challenger's own answer, where it gives one, agrees with the majority"),
      repetitionPenalty: z
        .number()
        .min(0)
        .max(100)
        .describe("weight of the share of the batch in a question's own cluster"),
      clusterThreshold: fraction.describe('distance 1-BLEU at which clusters are cut (average linkage)'),
    }),
    curriculum: z.strictObject({
      questions: count.max(1_000_000).describe('questions written for the Solver in each iteration'),
      batch: count.max(65_536).describe('questions that go through writing, answering and voting together'),
      votes: count.max(1024).describe('Solver answers per question'),
      temperature: temperature.describe('temperature of questions and votes'),
      topP: z.number().gt(0).max(1).describe('nucleus of questions written for the Solver'),
      band: z
        .tuple([fraction, fraction])
        .refine(([low, high]) => low <= high, 'expected the lower end first')
        .describe('frontier band: vote shares kept for training'),
    }),
    solver: z.strictObject({
      ...grpo,
      steps: count.max(100_000).describe('GRPO steps of the Solver in each iteration'),
      questions: count.max(65_536).describe('questions in each step'),
      rollouts: z.int().min(2).max(1024).describe('answers per question: the group'),
      formatWeight: fraction.describe('share of the reward for one boxed answer at the end'),
    }),
  }),
  evaluation: z.strictObject({
    items: count.max(100_000).describe('generated items per task'),
    samples: z.int().min(1).max(1024).describe('samples per item for mean@k at temperature 1'),
    maxTokens: count
      .max(4096)
      .default(72) // runs stored before it was a setting had the room that the embedded model needs
      .describe('longest answer to an item, in tokens'),
    worked: z.boolean().describe('also measure with the working forced, and the share of worked answers'),
  }),
});

/** All settings of a run, resolved: nothing is optional inside the program. */
export type RunConfig = z.infer<typeof configSchema>;
export type GrpoConfig = RunConfig['rl']['solver'] | RunConfig['rl']['challenger'];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a person asked for, over a preset: later entries win. */
export interface ConfigRequest {
  readonly preset: string;
  /** The content of `--config FILE`, parsed. */
  readonly file?: unknown;
  /** `key=value` of each `--set`, in order. */
  readonly set?: readonly string[];
  /** Settings that have flags of their own: seed, iterations, model, … */
  readonly flags?: Partial<
    Pick<RunConfig, 'seed' | 'iterations' | 'model' | 'executionProvider' | 'workers' | 'threadsPerWorker'>
  >;
}

/** The resolved configuration: preset, then file, then flags, then `--set`.
 *  @throws UsageError for an unknown preset or setting (with the nearest name) and for a value out of range. */
export function resolveConfig(request: ConfigRequest): RunConfig {
  const names = Object.keys(PRESETS);
  if (!names.includes(request.preset)) {
    throw new UsageError(`unknown preset "${request.preset}"; ${nearest(request.preset, names)}`);
  }
  const settings = structuredClone(PRESETS[request.preset as PresetName]) as Record<string, unknown>;
  if (request.file !== undefined) merge(settings, request.file, '');
  for (const [key, value] of Object.entries(request.flags ?? {})) if (value !== undefined) settings[key] = value;
  for (const assignment of request.set ?? []) assign(settings, assignment);
  return parseConfig(settings);
}

/** The configuration that a run stored, checked again.
 *  @throws UsageError when it is not a valid configuration of this version. */
export function parseConfig(settings: unknown): RunConfig {
  const parsed = configSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  const found = JSON.stringify(valueAt(settings, issue?.path ?? []));
  const message = (issue?.message ?? 'invalid').replace(/^Invalid \w+: /, '');
  throw new UsageError(`setting ${path}: ${message}, got ${found}${hint(issue, valueAt(settings, issue?.path ?? []))}`);
}

/** Asks a person who names a judge's address for its model. @throws UsageError where the settings have none. */
export function requireJudge({ oracle }: RunConfig): void {
  if (oracle.model === null)
    throw new UsageError('--oracle-url is the address of a judge; name its model as well, with --oracle openai:MODEL');
}

/** Each setting with its path and description, for `--help` and the docs. */
export function describeSettings(): readonly { readonly path: string; readonly description: string }[] {
  const rows: { path: string; description: string }[] = [];
  const walk = (schema: z.core.$ZodType, path: string): void => {
    const group = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
    if (group instanceof z.ZodObject) {
      for (const [key, value] of Object.entries(group.shape))
        walk(value as z.ZodType, path === '' ? key : `${path}.${key}`);
    } else if (schema instanceof z.ZodType) rows.push({ path, description: schema.description ?? '' });
  };
  walk(configSchema, '');
  return rows;
}

function assign(settings: Record<string, unknown>, assignment: string): void {
  const equals = assignment.indexOf('=');
  if (equals < 1)
    throw new UsageError(`--set wants key=value, got "${assignment}" (for example --set rl.solver.lr=0.0002)`);
  const path = assignment.slice(0, equals).split('.');
  if (path[0] === 'preset') throw new UsageError('the preset is chosen with --preset, not with --set');
  let target: Record<string, unknown> = settings;
  for (const [depth, key] of path.entries()) {
    requireKnown(target, key, path.slice(0, depth + 1).join('.'));
    const value = target[key];
    if (depth === path.length - 1) {
      if (isRecord(value))
        throw new UsageError(`${path.join('.')} is a group of settings; name one of ${Object.keys(value).join(', ')}`);
      target[key] = parseValue(assignment.slice(equals + 1));
    } else if (isRecord(value)) target = value;
    else throw new UsageError(`${path.slice(0, depth + 1).join('.')} is a single setting; nothing is below it`);
  }
}

function merge(target: Record<string, unknown>, source: unknown, path: string): void {
  if (!isRecord(source))
    throw new UsageError(
      `the configuration file: expected an object at ${path || 'its top'}, got ${JSON.stringify(source)}`,
    );
  for (const [key, value] of Object.entries(source)) {
    const here = path === '' ? key : `${path}.${key}`;
    requireKnown(target, key, here);
    const old = target[key];
    if (isRecord(old)) merge(old, value, here);
    else target[key] = value;
  }
}

function requireKnown(group: Record<string, unknown>, key: string, path: string): void {
  if (Object.hasOwn(group, key)) return;
  throw new UsageError(`unknown setting "${path}"; ${nearest(key, Object.keys(group))}`);
}

/** "did you mean x?" and the whole list. */
export function nearest(found: string, names: readonly string[]): string {
  return `did you mean "${closest(found, names)}"? There is ${names.join(', ')}`;
}

function hint(issue: z.core.$ZodIssue | undefined, found: unknown): string {
  if (issue?.code !== 'invalid_value' || typeof found !== 'string') return '';
  const names = issue.values.map(String);
  return ` (did you mean "${closest(found, names)}"?)`;
}

function parseValue(text: string): Json | string {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // a bare word is a string: --set rl.challenger.reward=paper
  }
}

function valueAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  let value = settings;
  for (const key of path)
    value = isRecord(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
