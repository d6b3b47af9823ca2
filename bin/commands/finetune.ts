import { type Command, Option } from 'commander';
import type { Finetuned, FinetuneRequest } from '../../actors/finetune.js';
import {
  databaseOption,
  defineCommand,
  jsonOption,
  modelOption,
  parseRunPlace,
  providerOption,
  quietOption,
  rate,
  seedOption,
  threadsPerWorkerOption,
  wholeNumber,
  workersOption,
} from '../options.js';
import { warnWhenCrowded } from '../terminal/crowding.js';
import { withInterrupt } from '../terminal/interrupt.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { readVersion } from '../version.js';

interface FinetuneFlags {
  readonly data: string;
  readonly heldOut?: string;
  readonly model: string;
  readonly run?: string;
  readonly db: string;
  readonly out: string;
  readonly force?: true;
  readonly epochs: number;
  readonly lr?: number;
  readonly batch: number;
  readonly limit?: number;
  readonly maxTokens?: number;
  readonly skipBad?: true;
  readonly loraRank?: number;
  readonly seed: number;
  readonly ep: FinetuneRequest['executionProvider'];
  readonly workers?: number;
  readonly threadsPerWorker?: number;
  readonly quiet?: true;
  readonly json?: true;
}

/** `finetune`: supervised fine-tuning of a model, or of a run's Solver. */
export function addFinetune(program: Command): void {
  defineCommand(program, 'finetune', 'fine-tune a model, or the Solver of a run, on labelled examples', [
    'rzero finetune --data labelled.jsonl --out ./tuned                       the embedded model',
    'rzero finetune --data labelled.jsonl --run r7f3k2@3 --out ./evolved-tuned',
    'rzero finetune --data train.jsonl --held-out test.jsonl --model ~/models/Qwen3-0.6B --epochs 2 --out ./tuned',
  ])
    .requiredOption('--data <file>', 'labelled examples: JSON lines, see below')
    .option('--held-out <file>', 'other examples, on which the loss is measured before training and after each epoch')
    .addOption(modelOption().default('tiny').conflicts('run'))
    .option('--run <id@iteration>', 'begin from the Solver of a run after an iteration; 0 is its base model')
    .addOption(databaseOption())
    .requiredOption('--out <dir>', 'new folder for the checkpoint, in Hugging Face layout')
    .option('--force', 'replace what rzero wrote there before')
    .option('--epochs <n>', 'passes over the examples', wholeNumber(1), 3)
    .option(
      '--lr <rate>',
      'highest learning rate; else 5e-4 for the embedded model, for others 2e-4 for adapters and 2e-5 for all weights',
      rate,
    )
    .option('--batch <n>', 'examples in a step', wholeNumber(1), 32)
    .option('--limit <n>', 'only the first so many examples', wholeNumber(1))
    .option(
      '--max-tokens <n>',
      'longest example, in tokens; else what the model has room for, at most 2048',
      wholeNumber(2),
    )
    .option('--skip-bad', 'pass over lines that are malformed or too long, and count them')
    .addOption(
      new Option(
        '--lora-rank <n>',
        'train adapters of this rank and merge them, 0 for all weights; else 0 for the embedded model and 32 for others, and with --run what the run trained',
      )
        .argParser(wholeNumber(0))
        .conflicts('run'),
    )
    .addOption(seedOption().default(0))
    .addOption(providerOption().default('cpu'))
    .addOption(workersOption())
    .addOption(threadsPerWorkerOption())
    .addOption(quietOption())
    .addOption(
      jsonOption(
        'print {out, parameters, examples, skipped, epochs, learning_rate, losses, held_out_losses, seconds} on stdout at the end',
      ),
    )
    .addHelpText('after', FORMS)
    .action(async (flags: FinetuneFlags) => {
      const { finetune } = await import('../../actors/finetune.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      const { workers = null, threadsPerWorker = null } = flags;
      if (workers !== null) warnWhenCrowded({ workers, threadsPerWorker: threadsPerWorker ?? 1 }, progress.say);
      const tuned = await withInterrupt(progress.say, (signal) =>
        finetune({ ...requestOf(flags), workers, threadsPerWorker, signal, onProgress: progress.update }),
      ).finally(progress.close);
      if (flags.json) printJson(tuned);
      else printText(summary(tuned, flags));
    });
}

const FORMS = `
Each line of a labelled file is one of
  {"question": "What is 45 plus 17?", "answer": "62"}     asked as the Solver is asked, answered in a box
  {"question": "...", "solution": "... \\boxed{62}"}       the same, answered with the solution as it is
  {"prompt": "...", "completion": "..."}                  both as they are, special tokens by name
Other fields are passed over; "domain": "general" marks a question that the embedded model has under its other heading. The token
that ends a text is added where it is missing. The loss is that of the answers; questions are read and not learned.`;

function requestOf(flags: FinetuneFlags) {
  const { data, heldOut = null, out, epochs, lr = null, batch, seed, ep, limit = null, maxTokens = null } = flags;
  const target: FinetuneRequest['target'] =
    flags.run === undefined
      ? { kind: 'model', model: flags.model }
      : { kind: 'run', ...parseRunPlace(flags.run), databaseFile: flags.db };
  return {
    data,
    heldOut,
    target,
    out,
    force: flags.force === true,
    epochs,
    learningRate: lr,
    batch,
    seed,
    maxTokens,
    limit,
    skipBad: flags.skipBad === true,
    loraRank: flags.loraRank ?? null,
    executionProvider: ep,
    version: readVersion(),
  };
}

function summary(
  { out, examples, epochs, losses, held_out_losses, skipped, seconds }: Finetuned,
  flags: FinetuneFlags,
) {
  const nats = (values: readonly number[]): string => values.map((loss) => loss.toFixed(3)).join(' → ');
  return [
    `made ${out} from ${examples} examples, ${epochs} epochs, in ${seconds.toFixed(0)} s`,
    `loss by epoch: ${nats(losses)} nats a token`,
    ...(held_out_losses.length === 0 ? [] : [`on ${flags.heldOut}: ${nats(held_out_losses)}`]),
    ...(skipped.count === 0 ? [] : [`passed over ${skipped.count} bad records, first: ${skipped.first}`]),
    `rzero eval --model ${out} scores it`,
  ].join('\n');
}
