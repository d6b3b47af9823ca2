import type { Command } from 'commander';
import { defineCommand, jsonOption, modelOption, quietOption } from '../options.js';
import { withInterrupt } from '../terminal/interrupt.js';
import { formatBytes } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { readVersion } from '../version.js';

interface QuantiseFlags {
  readonly model: string;
  readonly out: string;
  readonly force?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** `quantise`: a checkpoint's projections in 4 bits, to generate with and to train adapters over. */
export function addQuantise(program: Command): void {
  defineCommand(program, 'quantise', 'write a checkpoint in 4 bits, to generate with and to train adapters over', [
    'rzero quantise --model ./Qwen3-0.6B --out ./Qwen3-0.6B-int4',
    'rzero run --model ./Qwen3-0.6B-int4 --preset paper',
    'rzero quantise --model tiny --out ./tiny-int4 --json | jq .quantised_bytes',
  ])
    .addOption(modelOption().makeOptionMandatory())
    .requiredOption('--out <dir>', 'new folder')
    .option('--force', 'replace what rzero wrote there before')
    .addOption(quietOption())
    .addOption(jsonOption('print {out, files, model_bytes, quantised_bytes} on stdout at the end'))
    .addHelpText('after', ABOUT)
    .action(async ({ model, out, force, quiet, json }: QuantiseFlags) => {
      const { quantiseModel } = await import('../../actors/quantise.js');
      const progress = openProgress(process.stderr, quiet === true);
      const settings = { model, out, force: force === true, version: readVersion(), onProgress: progress.update };
      const quantised = await withInterrupt(progress.say, (signal) => quantiseModel({ ...settings, signal })).finally(
        progress.close,
      );
      if (json) return printJson(quantised);
      const sizes = [quantised.model_bytes, quantised.quantised_bytes].map(formatBytes);
      printText(`wrote ${quantised.out}: weights of ${sizes.join(' became ')}`);
    });
}

const ABOUT = `
The projections become blocks of 32 weights of 4 bits with a scale each; embeddings, the output matrix and norms stay as they
are. What is lost, and what is won, is in docs/precision.md. The folder can be named as --model everywhere; a run over it trains
adapters (lora.rank above 0).`;
