import { type Command, Option } from 'commander';
import { RzeroError } from '../../src/errors.js';
import { type Check, canRun, type Diagnosis, diagnose } from '../doctor/checks.js';
import { memoryTable } from '../doctor/memory-report.js';
import {
  configFromFlags,
  defineCommand,
  jsonOption,
  modelOption,
  presetOption,
  type RunFlags,
  repeated,
  workersOption,
} from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { formatBytes } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { textTable } from '../terminal/tables.js';

/** `doctor`: what this machine can run. */
export function addDoctor(program: Command): void {
  defineCommand(program, 'doctor', 'what this machine can run: Node, memory, ONNX Runtime and its providers, SQLite', [
    'rzero doctor',
    'rzero doctor --json | jq .providers.webgpu',
    'rzero doctor --ep webgpu                            and which nodes of each graph fall to the CPU there',
    'rzero doctor --model ~/models/Qwen3-0.6B            and what a run on it needs of memory, part by part',
  ])
    .addOption(modelOption())
    .addOption(presetOption())
    .addOption(
      new Option(
        '--ep <provider>',
        'also run each graph on a provider, and tell which of its nodes fall to the CPU',
      ).choices(['cpu', 'webgpu', 'cuda']),
    )
    .addOption(workersOption())
    .option('--set <key=value>', 'any setting of a run; may be given several times', repeated, [])
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit code 1 when something that every run needs is broken. Speed is measured by rzero bench.',
    )
    .action(async (flags: RunFlags & { readonly json?: true }) => {
      const { planMemory } = await import('../../actors/memory.js');
      const { usualPreset } = await import('../../actors/model.js');
      const memory = flags.model === undefined ? null : planMemory(configFromFlags(flags, usualPreset(flags.model)));
      const diagnosis = await diagnose();
      if (flags.json) printJson(memory === null ? diagnosis : { ...diagnosis, memory });
      else {
        printText(diagnosisTable(diagnosis));
        if (memory !== null) printText(`\n${memoryTable(memory, coloursFor(process.stdout))}`);
      }
      if (!canRun(diagnosis)) {
        throw new RzeroError(
          'this machine can not run rzero as it is; `npm rebuild` in its folder mends a native module that does not load',
        );
      }
      if (memory?.fits === false) throw new RzeroError('a run with these settings does not fit this machine');
    });
}

function diagnosisTable(diagnosis: Diagnosis): string {
  const {
    node,
    platform,
    cpu,
    threads,
    memory_bytes: memory,
    onnxruntime_node: engine,
    better_sqlite3: sqlite,
  } = diagnosis;
  const colours = coloursFor(process.stdout);
  const verdict = (check: Check, good: string): string =>
    check.ok ? `${colours.green('works')}${good}` : `${colours.yellow('no')}: ${check.problem ?? 'no reason given'}`;
  return textTable(
    [
      ['what', 'left'],
      ['found', 'left'],
    ],
    [
      ['Node', `${node} on ${platform}`],
      ['CPU', `${cpu}, ${threads} ${threads === 1 ? 'thread' : 'threads'} to use`],
      ['memory', `${formatBytes(memory.total)}, ${formatBytes(memory.free)} free`],
      ['onnxruntime-node', verdict(engine, `, ${engine.version ?? ''}`)],
      ...Object.entries(diagnosis.providers).map(([name, provider]) => [
        `  provider ${name}`,
        verdict(
          provider,
          `${provider.bundled ? ', comes with the package' : ', installed beside the package'}${shaders(name, provider.float16)}`,
        ),
      ]),
      ['better-sqlite3', verdict(sqlite, `, SQLite ${sqlite.sqlite_version ?? ''}`)],
    ],
    colours,
  );
}

/** Of WebGPU alone: elsewhere computing in 16 bits is no matter of the device. */
const shaders = (provider: string, float16: boolean | null): string =>
  provider === 'webgpu' && float16 !== null ? `, ${float16 ? 'with' : 'without'} 16-bit shaders` : '';
