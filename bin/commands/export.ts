import { type Command, Option } from 'commander';
import type { ExportTarget } from '../../actors/export-origin.js';
import { UsageError } from '../../src/errors.js';
import { EXPORT_DTYPES, type ExportDtype } from '../../src/export/export-file.js';
import { EXPORT_FORMATS, type ExportFormat } from '../../src/export/model-card.js';
import { databaseOption, defineCommand, jsonOption, modelOption, parseRunPlace, quietOption } from '../options.js';
import { withInterrupt } from '../terminal/interrupt.js';
import { formatBytes } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { readVersion } from '../version.js';

interface ExportFlags {
  readonly run?: string;
  readonly model?: string;
  readonly role?: 'solver' | 'challenger';
  readonly db: string;
  readonly format: ExportFormat;
  readonly out: string;
  readonly dtype?: ExportDtype;
  readonly baseModel?: string;
  readonly force?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** `export`: a policy in the format of other engines. */
export function addExport(program: Command): void {
  defineCommand(program, 'export', 'write a policy for other engines, with a model card', [
    'rzero export --run r7f3k2@3 --format safetensors --out ./evolved',
    'rzero export --run r7f3k2@3 --format gguf --dtype f16 --out ./evolved.gguf',
    'rzero export --run r7f3k2@3 --role challenger --format adapter --base-model Qwen/Qwen3-4B-Base --out ./adapter',
    'rzero export --model ./my-model --format onnx --out ./for-the-browser',
  ])
    .addOption(
      new Option('--run <id@iteration>', 'a policy of a run after an iteration; 0 is its base model').conflicts(
        'model',
      ),
    )
    .addOption(modelOption())
    .addOption(
      new Option('--role <role>', "whose policy of the run; the Solver's where nothing is said")
        .choices(['solver', 'challenger'])
        .conflicts('model'),
    )
    .addOption(databaseOption())
    .addOption(new Option('--format <format>', 'what is written').choices([...EXPORT_FORMATS]).makeOptionMandatory())
    .requiredOption('--out <path>', 'new folder, or for gguf a new file that ends in .gguf')
    .addOption(
      new Option('--dtype <type>', "type of the weights in safetensors and gguf (default: the base model's)").choices([
        ...EXPORT_DTYPES,
      ]),
    )
    .option('--base-model <owner/name>', "the base model's name on the Hugging Face Hub, for the card and the adapter")
    .option('--force', 'replace an export that is there already')
    .addOption(quietOption())
    .addOption(jsonOption('print {format, dtype, out, files, news} on stdout at the end'))
    .addHelpText('after', FORMATS)
    .action(async (flags: ExportFlags) => {
      const target = exportTarget(flags);
      checkFlags(flags);
      const { exportPolicy } = await import('../../actors/export.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      const { format, out, dtype = null, baseModel = null } = flags;
      const settings = {
        target,
        format,
        out,
        dtype,
        baseModel,
        force: flags.force === true,
        version: readVersion(),
        onProgress: progress.update,
      };
      const exported = await withInterrupt(progress.say, (signal) => exportPolicy({ ...settings, signal })).finally(
        progress.close,
      );
      if (flags.json) return printJson(exported);
      for (const line of exported.news) process.stderr.write(`${line}\n`);
      const sizeBytes = exported.files.reduce((sum, file) => sum + file.size_bytes, 0);
      printText(`wrote ${exported.out}: ${exported.files.length} files, ${formatBytes(sizeBytes)}`);
    });
}

const FORMATS = `
Formats:
  safetensors  a checkpoint in Hugging Face layout, adapters merged: transformers, vLLM, rzero
  adapter      the adapter alone, of a run that trained one: PEFT, vLLM
  onnx         ONNX with key-value cache, F32: transformers.js, in Node and in the browser
  gguf         one file: llama.cpp and what is built on it
Each has a model card: README.md in the folder, or beside a GGUF file one that ends in .md.`;

function exportTarget({ run, model, role = 'solver', db }: ExportFlags): ExportTarget {
  if (model !== undefined) return { kind: 'model', model };
  if (run === undefined) throw new UsageError('name what to export with --run ID@ITERATION or --model DIR');
  return { kind: 'run', ...parseRunPlace(run), role, databaseFile: db };
}

function checkFlags({ format, out, dtype, baseModel }: ExportFlags): void {
  if (format === 'gguf' && !/[^/\\]\.gguf$/.test(out))
    throw new UsageError(`--out wants a file that ends in .gguf for --format gguf, got "${out}"`);
  if (dtype !== undefined && dtype !== 'f32' && (format === 'onnx' || format === 'adapter'))
    throw new UsageError(`--dtype ${dtype} goes with --format safetensors or gguf; ${format} is written in f32`);
  if (baseModel !== undefined && !/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(baseModel))
    throw new UsageError(
      `--base-model wants OWNER/NAME, got "${baseModel}" (for example --base-model Qwen/Qwen3-4B-Base)`,
    );
}
