import type { Command } from 'commander';
import { describeSettings, type RunConfig } from '../../src/config.js';
import { PRESETS } from '../../src/presets.js';
import { type FollowFlags, followRun } from '../follow-run.js';
import { logOption } from '../loggers/destinations.js';
import {
  configFromFlags,
  databaseOption,
  defineCommand,
  jsonOption,
  modelOption,
  oracleOption,
  oracleUrlOption,
  presetOption,
  providerOption,
  quietOption,
  type RunFlags,
  repeated,
  rolloutsOption,
  seedOption,
  threadsPerWorkerOption,
  wholeNumber,
  workersOption,
} from '../options.js';
import { coloursFor } from '../terminal/colour.js';
import { textTable } from '../terminal/tables.js';
import { readVersion } from '../version.js';
import { pageOptions } from '../web/flags.js';

/** `run`: the loop. */
export function addRun(program: Command): void {
  const command = defineCommand(program, 'run', 'train a Challenger and a Solver in turns: the loop', [
    'rzero run                                       the embedded model, three iterations',
    'rzero run --preset smoke                        the same in miniature: one iteration, about a minute',
    'rzero run --seed 1 --set rl.solver.lr=0.0001 --set rl.challenger.reward=paper',
    'rzero run --log tensorboard:./logs --log jsonl:run.jsonl      metrics for the tools you have',
    'rzero run --inspect                             every actor live in the browser',
    'rzero run --model ~/models/Qwen3-0.6B --db qwen.db    a checkpoint in Hugging Face layout, with the preset paper',
  ])
    .addOption(presetOption())
    .addOption(modelOption())
    .option('--iterations <n>', 'rounds of Challenger and Solver', wholeNumber(1))
    .addOption(seedOption())
    .addOption(databaseOption())
    .addOption(providerOption())
    .addOption(workersOption())
    .addOption(threadsPerWorkerOption())
    .addOption(rolloutsOption())
    .addOption(oracleOption())
    .addOption(oracleUrlOption())
    .option('--set <key=value>', 'any setting below; may be given several times', repeated, [])
    .option('--config <file>', 'settings as a JSON file, over those of the preset')
    .addOption(logOption())
    .addOption(quietOption())
    .addOption(jsonOption('print the run as one JSON object on stdout at the end, as rzero show --json does'))
    .addHelpText('after', () => settingsHelp())
    .action(async (flags: RunFlags & FollowFlags) => {
      const { usualPreset } = await import('../../actors/model.js');
      const config = configFromFlags(flags, flags.model === undefined ? 'tiny' : usualPreset(flags.model));
      const { startRun } = await import('../../actors/run.js');
      await followRun(flags, (hooks) =>
        startRun({ config, databaseFile: flags.db, rzeroVersion: readVersion(), ...hooks }),
      );
    });
  for (const option of pageOptions()) command.addOption(option);
}

function settingsHelp(): string {
  const rows = describeSettings().map(({ path, description }) => [path, tinyValue(path), description]);
  const heading = [
    ['setting', 'left'],
    ['in tiny', 'left'],
    ['what it is', 'left'],
  ] as const;
  return `
Presets:
  tiny     the embedded model, as the results in the README were made
  smoke    one iteration in miniature, for a first look
  paper    the sizes of the reference implementation, for real checkpoints on a GPU

${textTable(heading, rows, coloursFor({}))}

Ctrl-C stops in good order, and rzero resume goes on from there.`;
}

function tinyValue(path: string): string {
  let value: unknown = PRESETS.tiny satisfies Pick<RunConfig, 'seed'>;
  for (const key of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return JSON.stringify(value) ?? '-';
}
