import { type Command, Option } from 'commander';
import type { Speed } from '../../actors/bench.js';
import { UsageError } from '../../src/errors.js';
import type { DeviceWeightFormat } from '../../src/lm/device-formats.js';
import { SHAPES, type ShapeName } from '../../src/lm/shapes.js';
import {
  defineCommand,
  jsonOption,
  modelOption,
  providerOption,
  quietOption,
  threadsPerWorkerOption,
  wholeNumber,
  workersOption,
} from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { warnWhenCrowded } from '../terminal/crowding.js';
import { formatBytes, formatCount, formatRate, formatShare } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { openProgress } from '../terminal/progress.js';
import { textTable } from '../terminal/tables.js';

interface BenchFlags {
  readonly model?: string;
  readonly shape?: ShapeName;
  readonly ep: 'cpu' | 'webgpu' | 'cuda';
  readonly deviceWeights: DeviceWeightFormat;
  readonly workers?: number;
  readonly threadsPerWorker?: number;
  readonly sequences?: number;
  readonly quiet?: true;
  readonly json?: true;
}

/** `bench`: the speed of decoding and training here, with the limit beside it. */
export function addBench(program: Command): void {
  defineCommand(program, 'bench', 'speed of decoding and training on this machine, with the limit beside it', [
    'rzero bench',
    'rzero bench --shape prototype --workers 1',
    'rzero bench --model ./Qwen3-0.6B --sequences 8',
    'rzero bench --json | jq .decode.tokens_per_second',
  ])
    .addOption(modelOption())
    .addOption(
      new Option('--shape <name>', 'random weights of a shape instead of a model').choices(Object.keys(SHAPES)),
    )
    .option('--sequences <n>', 'sequences decoded together', wholeNumber(1))
    .addOption(providerOption().default('cpu'))
    .addOption(
      new Option('--device-weights <format>', 'how weights in their file lie on webgpu, as in rzero run')
        .choices(['stored', 'float32', 'float16'])
        .default('stored'),
    )
    .addOption(workersOption())
    .addOption(threadsPerWorkerOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\n--json: {decode: {tokens_per_second, gflops, share_of_peak, …}, train: the same or null, limit: {gflops,\ngigabytes_per_second}, …}. The limit is a large matrix product, and reading a large matrix once, on the same threads.\nOf a model of 512 MB or more, or in 4 bits, only decoding is measured: its weights stay in their file.',
    )
    .action(async (flags: BenchFlags) => {
      if (flags.model !== undefined && flags.shape !== undefined)
        throw new UsageError('--model and --shape exclude each other; give one');
      const { measureSpeed } = await import('../../actors/bench.js');
      const progress = openProgress(process.stderr, flags.quiet === true);
      const { model, shape, ep: executionProvider, deviceWeights, workers, threadsPerWorker, sequences } = flags;
      warnWhenCrowded({ workers: workers ?? 1, threadsPerWorker: threadsPerWorker ?? 1 }, progress.say);
      const speed = await measureSpeed({
        target: shape === undefined ? { kind: 'model', model: model ?? 'tiny' } : { kind: 'shape', shape },
        executionProvider,
        deviceWeights,
        ...(workers === undefined ? {} : { workers }),
        ...(threadsPerWorker === undefined ? {} : { threadsPerWorker }),
        ...(sequences === undefined ? {} : { sequences }),
        onProgress: progress.update,
      }).finally(progress.close);
      if (flags.json) printJson(speed);
      else printText(report(speed));
    });
}

function report(speed: Speed): string {
  const { decode, train, limit } = speed;
  const rows = [
    [
      `decoding, ${formatCount(decode.sequences)} sequences`,
      formatRate(decode.tokens_per_second),
      formatRate(decode.gflops),
      formatShare(decode.share_of_peak),
      formatRate(decode.weight_gigabytes_per_second),
      formatShare(decode.share_of_bandwidth),
    ],
    [
      train.adapter_rank === 0 ? 'training' : `training adapters of rank ${train.adapter_rank}`,
      formatRate(train.tokens_per_second),
      formatRate(train.gflops),
      formatShare(train.share_of_peak),
      '-',
      '-',
    ],
    ['limit', '-', formatRate(limit.gflops), '-', formatRate(limit.gigabytes_per_second), '-'],
  ];
  const columns = [
    ['what', 'left'],
    ['tokens/s', 'right'],
    ['GFLOP/s', 'right'],
    ['of the peak', 'right'],
    ['weights GB/s', 'right'],
    ['of the bandwidth', 'right'],
  ] as const;
  const threads = `${speed.workers} × ${speed.threads_per_worker} threads`;
  const notes = [
    `Outside ONNX Runtime while decoding: ${formatShare(decode.javascript_share)} of the workers' time.`,
    `Padding while training: ${formatShare(train.padding_share)} of the positions.`,
  ];
  return `${speed.model}: ${formatCount(speed.parameters)} parameters, ${threads}, peak memory ${formatBytes(speed.peak_memory_bytes)}\n\n${textTable(columns, rows, coloursFor(process.stdout))}\n\n${notes.join('\n')}`;
}
