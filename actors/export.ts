import { basename, resolve } from 'node:path';
import { UsageError } from '../src/errors.js';
import { adapterFiles } from '../src/export/adapter-files.js';
import {
  type CheckpointFolder,
  dtypeFields,
  layoutFiles,
  ownDtype,
  readCheckpointFolder,
} from '../src/export/checkpoint-folder.js';
import { type ExportDtype, type ExportFile, smallFile } from '../src/export/export-file.js';
import { ggufFile } from '../src/export/gguf.js';
import { numberedVocabulary } from '../src/export/gguf-vocabulary.js';
import { mergedSource } from '../src/export/merged-source.js';
import { type ExportFormat, type ModelCard, modelCard } from '../src/export/model-card.js';
import { ONNX_LIMITS, onnxFiles } from '../src/export/onnx-decoder.js';
import { SHARD_BYTES, safetensorsFiles } from '../src/export/safetensors-files.js';
import { tokenizerVocabulary } from '../src/export/tokenizer-vocabulary.js';
import type { WeightSource } from '../src/export/weight-source.js';
import { checkFile, checkFolder, writeFile, writeFolder } from '../src/export/write-export.js';
import { type ExportOrigin, type ExportTarget, openOrigin } from './export-origin.js';
import type { OnProgress } from './progress.js';

export interface ExportSettings {
  readonly target: ExportTarget;
  readonly format: ExportFormat;
  /** A folder, or for GGUF a file. */
  readonly out: string;
  /** Null for the base model's own. */
  readonly dtype: ExportDtype | null;
  readonly force: boolean;
  /** The base model's name on the Hugging Face Hub; null where it is not given. */
  readonly baseModel: string | null;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

export interface Exported {
  readonly format: ExportFormat;
  readonly dtype: ExportDtype;
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly size_bytes: number }[];
  /** What the format could not say of the model. */
  readonly news: readonly string[];
}

/** Writes a policy for other engines. @throws UsageError for what can't be exported so, or is there already. */
export async function exportPolicy(settings: ExportSettings): Promise<Exported> {
  const { format, force } = settings;
  const out = resolve(settings.out);
  const card = cardPath(out);
  if (format === 'gguf') {
    checkFile(out, force);
    checkFile(card, force);
  } else checkFolder(out, force);
  const origin = openOrigin(settings.target);
  const folder = readCheckpointFolder(origin.baseFolder);
  const dtype = settings.dtype ?? (format === 'onnx' || format === 'adapter' ? 'f32' : ownDtype(folder));
  const { files, news } = filesOf(settings, origin, folder, dtype, out);
  const readme = smallFile('README.md', modelCard(cardOf(settings, origin, dtype, folder.quantized)));
  const writing = { signal: settings.signal, onBytes: progressOf([readme, ...files], settings.onProgress) };
  if (format !== 'gguf') await writeFolder(out, [...files, readme], writing);
  else {
    for (const file of files) await writeFile(out, file, writing);
    await writeFile(card, readme, writing);
  }
  const paths = format === 'gguf' ? [basename(out), basename(card)] : [...files, readme].map(({ path }) => path);
  const written = [...files, readme].map(({ sizeBytes }, i) => ({ path: paths[i] ?? '', size_bytes: sizeBytes }));
  return { format, dtype, out, files: written, news };
}

/** The model card beside a GGUF file. */
const cardPath = (file: string): string => `${file.replace(/\.gguf$/, '')}.md`;

function filesOf(
  settings: ExportSettings,
  origin: ExportOrigin,
  folder: CheckpointFolder,
  dtype: ExportDtype,
  out: string,
): { readonly files: readonly ExportFile[]; readonly news: readonly string[] } {
  const { weights, adapters } = origin;
  const news = folder.quantized ? [quantizedNews(settings)] : [];
  switch (settings.format) {
    case 'adapter': {
      if (adapters === null) throw new UsageError(noAdapter(settings.target));
      const base = hubName(settings, origin) ?? origin.baseFolder;
      return { files: adapterFiles(weights.config, adapters.lora, adapters.flat, base), news };
    }
    case 'safetensors': {
      const files = safetensorsFiles(merged(origin), dtype, SHARD_BYTES);
      return { files: [...layoutFiles(folder, dtypeFields(folder, dtype)), ...files], news };
    }
    case 'onnx': {
      const files = onnxFiles(merged(origin), ONNX_LIMITS);
      const changes = { ...dtypeFields(folder, 'f32'), 'transformers.js_config': transformersJs(files.length - 1) };
      return { files: [...layoutFiles(folder, changes), ...files], news };
    }
    case 'gguf': {
      const { vocabularySize: size } = weights.config;
      const { tokenizer, settings: own, ids } = folder;
      const { vocabulary, news: ofVocabulary } =
        tokenizer === null
          ? { vocabulary: numberedVocabulary(size, null), news: ['it has no tokenizer: tokens are named by their ids'] }
          : tokenizerVocabulary({ tokenizer, settings: own, ids }, size);
      return {
        files: [ggufFile(basename(out), merged(origin), vocabulary, { name: titleOf(origin), dtype })],
        news: [...news, ...ofVocabulary],
      };
    }
  }
}

/** What becomes of a base in 4 bits: no other engine reads its blocks. */
const quantizedNews = ({ format }: ExportSettings): string =>
  format === 'adapter'
    ? 'it was trained over weights of 4 bits; PEFT wants the whole model that they were made from, which --base-model names'
    : 'its base has weights of 4 bits; what is written are the whole weights that they stand for';

/** How transformers.js loads the folder: from the one file that there is, and how many with weights are beside it. */
function transformersJs(dataFileCount: number): object {
  return {
    dtype: 'fp32',
    ...(dataFileCount === 0 ? {} : { use_external_data_format: { 'model.onnx': dataFileCount } }),
  };
}

function noAdapter(target: ExportTarget): string {
  if (target.kind === 'model') return `${target.model} is a whole model and no adapter; --format safetensors writes it`;
  return `run ${target.runId} trained all weights, so there is no adapter of it; --format safetensors writes the whole model`;
}

/** The policy's whole weights. */
const merged = ({ weights, adapters }: ExportOrigin): WeightSource =>
  adapters === null ? weights : mergedSource(weights, adapters.lora, adapters.flat);

/** The base model's name on the Hub: as given, or as the Hub's cache names its folders. */
function hubName({ baseModel }: ExportSettings, { baseFolder }: ExportOrigin): string | null {
  if (baseModel !== null) return baseModel;
  const [, owner, name] =
    /[\\/]models--([\w.-]+?)--([\w.-]+)[\\/]snapshots[\\/][0-9a-f]+[\\/]?$/.exec(baseFolder) ?? [];
  return owner === undefined || name === undefined ? null : `${owner}/${name}`;
}

const titleOf = ({ baseName, lineage }: ExportOrigin): string =>
  lineage === null ? baseName : `${baseName} ${lineage.id}@${lineage.iteration} ${lineage.role}`;

function cardOf(settings: ExportSettings, origin: ExportOrigin, dtype: ExportDtype, quantized: boolean): ModelCard {
  return {
    format: settings.format,
    dtype,
    base: { name: origin.baseName, hubName: hubName(settings, origin), quantized },
    run: origin.lineage,
    scores: origin.scores,
    version: settings.version,
  };
}

/** Tells how much of the files is written, in megabytes. */
function progressOf(files: readonly ExportFile[], onProgress: OnProgress): (count: number) => void {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  return (count) => {
    done += count;
    onProgress({ label: 'export', done: done / 1e6, total: total / 1e6, unit: 'MB' });
  };
}
