import type { Command } from 'commander';
import {
  defineCommand,
  jsonOption,
  quietOption,
  seedOption,
  threadsPerWorkerOption,
  workersOption,
} from '../options.js';
import { warnWhenCrowded } from '../terminal/crowding.js';
import { withInterrupt } from '../terminal/interrupt.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';

interface PretrainFlags {
  readonly out: string;
  readonly seed: number;
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly quiet?: true;
  readonly json?: true;
}

/** `pretrain`: the embedded base model again, from its recipe. */
export function addPretrain(program: Command): void {
  defineCommand(program, 'pretrain', 'make the embedded base model again from its recipe; about ten minutes', [
    'rzero pretrain --out ./my-tiny',
    'rzero pretrain --out ./other-tiny --seed 1 && rzero run --model ./other-tiny',
  ])
    .requiredOption('--out <dir>', 'new folder for the checkpoint, in Hugging Face layout')
    .addOption(seedOption().default(0))
    .addOption(workersOption().default(2))
    .addOption(threadsPerWorkerOption().default(1))
    .addOption(quietOption())
    .addOption(jsonOption('print {folder, parameters, tokens, loss, seconds} on stdout at the end'))
    .action(async (flags: PretrainFlags) => {
      const { pretrain } = await import('../../actors/pretrain.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      warnWhenCrowded(flags, progress.say);
      const { out: folder, seed, workers, threadsPerWorker } = flags;
      const settings = { folder, seed, workers, threadsPerWorker, onProgress: progress.update };
      const result = await withInterrupt(progress.say, (signal) => pretrain({ ...settings, signal })).finally(
        progress.close,
      );
      if (flags.json) printJson(result);
      else printText(`made ${result.folder}; rzero run --model ${result.folder} begins from it`);
    });
}
