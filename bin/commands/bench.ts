import type { Command } from 'commander';
import {
  defineCommand,
  jsonOption,
  modelOption,
  providerOption,
  quietOption,
  threadsPerWorkerOption,
  workersOption,
} from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { warnWhenCrowded } from '../terminal/crowding.js';
import { formatRate } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { textTable } from '../terminal/tables.js';

interface BenchFlags {
  readonly model: string;
  readonly ep: 'cpu' | 'webgpu' | 'cuda';
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly quiet?: true;
  readonly json?: true;
}

/** `bench`: the speed of decoding and training here, with the limit beside it. */
export function addBench(program: Command): void {
  defineCommand(program, 'bench', 'speed of decoding and training on this machine, with the limit beside it', [
    'rzero bench',
    'rzero bench --workers 1 --json | jq .decode.tokens_per_second',
  ])
    .addOption(modelOption().default('tiny'))
    .addOption(providerOption().default('cpu'))
    .addOption(workersOption().default(2))
    .addOption(threadsPerWorkerOption().default(1))
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\n--json: {decode: {tokens_per_second, gflops}, train: {tokens_per_second, gflops}, limit: {gflops}}; the limit is a large\nmatrix product on the same number of threads.',
    )
    .action(async (flags: BenchFlags) => {
      const { measureSpeed } = await import('../../actors/bench.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      warnWhenCrowded(flags, progress.say);
      const { model, ep: executionProvider, workers, threadsPerWorker } = flags;
      const settings = { model, executionProvider, workers, threadsPerWorker, onProgress: progress.update };
      const speed = await measureSpeed(settings).finally(progress.close);
      if (flags.json) printJson(speed);
      else {
        const rows = [
          ['decoding', formatRate(speed.decode.tokens_per_second), formatRate(speed.decode.gflops)],
          ['training', formatRate(speed.train.tokens_per_second), formatRate(speed.train.gflops)],
          ['limit', '-', formatRate(speed.limit.gflops)],
        ];
        const columns = [
          ['what', 'left'],
          ['tokens/s', 'right'],
          ['GFLOP/s', 'right'],
        ] as const;
        printText(textTable(columns, rows, coloursFor(process.stdout)));
      }
    });
}
