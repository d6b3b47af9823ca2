import type { ExportDtype } from './export-file.js';
import { asMarkdown, markdownTable } from './markdown.js';

/** The README.md of an exported policy: where it comes from and what it scores, with front matter that Hugging Face reads. */

export const EXPORT_FORMATS = ['safetensors', 'adapter', 'onnx', 'gguf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ModelCard {
  readonly format: ExportFormat;
  readonly dtype: ExportDtype;
  readonly base: {
    /** What the base model was called where it was loaded from. */
    readonly name: string;
    /** Its name on the Hugging Face Hub, where it is known. */
    readonly hubName: string | null;
    /** Whether its projections were in blocks of 4 bits. */
    readonly quantized: boolean;
  };
  /** The run that the policy comes from; null for a model that was only converted. */
  readonly run: RunLineage | null;
  readonly scores: readonly CardScore[];
  /** rzero's version at the export. */
  readonly version: string;
}

export interface RunLineage {
  readonly id: string;
  readonly iteration: number;
  readonly role: string;
  readonly preset: string;
  readonly seed: number;
  readonly startedAt: string;
  /** rzero's version at the run's start. */
  readonly version: string;
  /** What was trained: all weights, or which adapters. */
  readonly trained: string;
  /** Settings that differ from the preset; null where there is no such preset any more. */
  readonly settings: readonly ChangedSetting[] | null;
  /** The role's weights at the end of each iteration up to this one, the first one first. */
  readonly checkpoints: readonly { readonly iteration: number; readonly step: number; readonly sha256: string }[];
}

export interface ChangedSetting {
  readonly path: string;
  /** JSON of the preset's value, and of the run's. */
  readonly preset: string;
  readonly run: string;
}

/** A benchmark's score of the base and after the iteration, in points of 100. */
export interface CardScore {
  readonly benchmark: string;
  readonly metric: string;
  readonly items: number;
  readonly base: Measured | null;
  readonly after: Measured | null;
}
export interface Measured {
  readonly score: number;
  /** Null where it is not known. */
  readonly stderr: number | null;
}

/** Says that a file is one of ours, and may be replaced by another. */
export const CARD_MARK = '<!-- rzero export -->';

/** The card as Markdown. Whatever text it is given is shown as text. */
export function modelCard(card: ModelCard): string {
  const { run, format, dtype, base } = card;
  const title =
    run === null
      ? asMarkdown(base.name)
      : `${asMarkdown(base.name)}, ${asMarkdown(run.role)} of run ${asMarkdown(run.id)} after iteration ${run.iteration}`;
  const sections = [
    frontMatter(card),
    CARD_MARK,
    `# ${title}`,
    run === null ? CONVERTED : EVOLVED,
    `## Use\n\n${USE[format]}`,
    `## Lineage\n\n${markdownTable(
      ['what', ''],
      [
        [
          'base model',
          `${asMarkdown(base.hubName ?? base.name)}${base.quantized ? ', its projections in 4 bits' : ''}`,
        ],
        ...(run === null ? [] : runRows(run)),
        [
          'format',
          `${FORMAT_NAMES[format]}, ${format === 'adapter' || format === 'onnx' ? 'F32' : dtype.toUpperCase()}`,
        ],
        ['exported by', `rzero ${asMarkdown(card.version)}`],
      ],
    )}`,
    ...(run === null ? [] : [settingsSection(run), checkpointsSection(run)]),
    ...(card.scores.length === 0 ? [] : [scoresSection(card.scores, run)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

const CONVERTED = 'A checkpoint in another format; its weights are those of the base model.';
const EVOLVED =
  'A language model that taught itself, without labels: R-Zero ([Huang et al. 2025](https://arxiv.org/abs/2508.05004)), where a ' +
  'Challenger learns to write questions at the edge of what a Solver can do, and the Solver learns from its own majority vote. ' +
  'Made with rzero.';

const FORMAT_NAMES = {
  safetensors: 'Hugging Face checkpoint',
  adapter: 'PEFT adapter',
  onnx: 'ONNX with key-value cache',
  gguf: 'GGUF',
} as const satisfies Record<ExportFormat, string>;

const TRANSFORMERS_JS = '@huggingface/transformers';

const USE = {
  safetensors: `\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
\`\`\``,
  adapter: `\`\`\`python
from peft import AutoPeftModelForCausalLM
model = AutoPeftModelForCausalLM.from_pretrained("path/to/this/folder")
\`\`\`

The base model is looked for where \`adapter_config.json\` says, in \`base_model_name_or_path\`.`,
  onnx: `\`\`\`js
import { pipeline } from ${JSON.stringify(TRANSFORMERS_JS)};
const generate = await pipeline("text-generation", "path/to/this/folder");
\`\`\``,
  gguf: 'Load the file beside this card in llama.cpp, or in what is built on it: `llama-cli -m FILE.gguf`.',
} as const satisfies Record<ExportFormat, string>;

const LIBRARIES = { safetensors: 'transformers', adapter: 'peft', onnx: 'transformers.js', gguf: 'gguf' } as const;

/** YAML; a JSON string is one of YAML's. */
function frontMatter({ format, base, run }: ModelCard): string {
  const relation = format === 'adapter' ? 'adapter' : run === null ? 'quantized' : 'finetune';
  const lines = [
    '---',
    ...(base.hubName === null
      ? []
      : [`base_model: ${JSON.stringify(base.hubName)}`, `base_model_relation: ${relation}`]),
    `library_name: ${LIBRARIES[format]}`,
    'pipeline_tag: text-generation',
    'tags:',
    '- rzero',
    ...(run === null ? [] : ['- r-zero', '- self-play', '- grpo']),
    ...(format === 'adapter' ? ['- lora'] : []),
    '---',
  ];
  return lines.join('\n');
}

function runRows(run: RunLineage): string[][] {
  return [
    [
      'run',
      `${asMarkdown(run.id)}, begun on ${asMarkdown(run.startedAt.slice(0, 10))} with rzero ${asMarkdown(run.version)}`,
    ],
    ['iteration', run.iteration === 0 ? '0, the base' : String(run.iteration)],
    ['role', asMarkdown(run.role)],
    ['trained', asMarkdown(run.trained)],
    ['preset', asMarkdown(run.preset)],
    ['seed', String(run.seed)],
  ];
}

function settingsSection({ settings, preset }: RunLineage): string {
  const heading = `### Settings that differ from the preset`;
  if (settings === null)
    return `${heading}\n\nThis version of rzero has no preset ${asMarkdown(preset)} to compare with.`;
  if (settings.length === 0) return `${heading}\n\nNone.`;
  const rows = settings.map(({ path, preset: before, run }) => [path, before, run].map(asMarkdown));
  return `${heading}\n\n${markdownTable(['setting', 'preset', 'here'], rows)}`;
}

function checkpointsSection({ checkpoints }: RunLineage): string {
  const heading = `### Checkpoints of this role`;
  if (checkpoints.length === 0) return `${heading}\n\nNone: these are the weights of the base.`;
  const rows = checkpoints.map(({ iteration, step, sha256 }) => [String(iteration), String(step), asMarkdown(sha256)]);
  return `${heading}\n\n${markdownTable(['iteration', 'step', 'SHA-256 of the weights'], rows)}`;
}

function scoresSection(scores: readonly CardScore[], run: RunLineage | null): string {
  const after = run === null || run.iteration === 0 ? [] : [`iteration ${run.iteration}`, 'gain'];
  const rows = scores.map(({ benchmark, metric, items, base, after: then }) => [
    asMarkdown(benchmark),
    asMarkdown(metric),
    String(items),
    measured(base),
    ...(after.length === 0 ? [] : [measured(then), gain(base, then)]),
  ]);
  const whose = run?.role === 'solver' || run === null ? '' : "Of the same run's Solver. ";
  return `## Scores

${whose}Points of 100 ± one standard error of the items; that of a gain is as if the items were drawn anew each time, so the true one is
rather smaller.

${markdownTable(['benchmark', 'metric', 'items', 'base', ...after], rows)}`;
}

const measured = (value: Measured | null): string =>
  value === null ? '' : `${value.score.toFixed(1)}${value.stderr === null ? '' : ` ± ${value.stderr.toFixed(1)}`}`;

function gain(base: Measured | null, after: Measured | null): string {
  if (base === null || after === null) return '';
  const score = after.score - base.score;
  const stderr = base.stderr === null || after.stderr === null ? null : Math.hypot(base.stderr, after.stderr);
  return `${score < 0 ? '−' : '+'}${measured({ score: Math.abs(score), stderr })}`;
}
