import type { Command } from 'commander';
import { RzeroError } from '../../src/errors.js';
import { type Check, canRun, type Diagnosis, diagnose } from '../doctor/checks.js';
import { defineCommand, jsonOption } from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { formatBytes } from '../terminal/numbers.js';
import { printJson, printText } from '../terminal/output.js';
import { textTable } from '../terminal/tables.js';

/** `doctor`: what this machine can run. */
export function addDoctor(program: Command): void {
  defineCommand(program, 'doctor', 'what this machine can run: Node, memory, ONNX Runtime and its providers, SQLite', [
    'rzero doctor',
    'rzero doctor --json | jq .providers.webgpu',
  ])
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExit code 1 when something that every run needs is broken. Speed is measured by rzero bench.',
    )
    .action(async (flags: { readonly json?: true }) => {
      const diagnosis = await diagnose();
      if (flags.json) printJson(diagnosis);
      else printText(diagnosisTable(diagnosis));
      if (!canRun(diagnosis)) {
        throw new RzeroError(
          'this machine can not run rzero as it is; `npm rebuild` in its folder mends a native module that does not load',
        );
      }
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
        verdict(provider, provider.bundled ? ', comes with the package' : ', installed beside the package'),
      ]),
      ['better-sqlite3', verdict(sqlite, `, SQLite ${sqlite.sqlite_version ?? ''}`)],
    ],
    colours,
  );
}
