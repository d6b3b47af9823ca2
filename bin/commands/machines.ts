import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { CHARTS, chartJson, chartMermaid } from '../../machines/draw.js';
import { chartScxml, systemScxml } from '../../machines/scxml.js';
import { UsageError } from '../../src/errors.js';
import { defineCommand } from '../options.js';
import { printText } from '../terminal/output.js';

type ChartName = keyof typeof CHARTS;
type ChartFormat = keyof typeof FORMATS;

interface MachinesFlags {
  readonly format: ChartFormat;
  readonly out?: string;
}

const NAMES = Object.keys(CHARTS) as readonly ChartName[];

/** How a chart is written in each format, and all charts in one text. */
const FORMATS = {
  json: {
    ending: 'json',
    one: (name: ChartName) => chartJson(CHARTS[name]),
    all: () => `{\n${NAMES.map((name) => `"${name}": ${chartJson(CHARTS[name])}`).join(',\n')}\n}`,
  },
  mermaid: {
    ending: 'mmd',
    one: (name: ChartName) => chartMermaid(CHARTS[name]),
    all: () => NAMES.map((name) => `## ${name}\n\n\`\`\`mermaid\n${chartMermaid(CHARTS[name])}\`\`\`\n`).join('\n'),
  },
  scxml: {
    ending: 'scxml',
    one: (name: ChartName) => chartScxml(CHARTS[name], CHARTS),
    all: () => systemScxml(CHARTS.supervisor, CHARTS),
  },
} as const;

/** `machines`: the statecharts for other tools. */
export function addMachines(program: Command): void {
  defineCommand(program, 'machines', 'export the statecharts: for Stately, as Mermaid, or as SCXML', [
    'rzero machines supervisor                        JSON that the editor at stately.ai and createMachine of xstate read',
    'rzero machines --format mermaid                  Markdown with a picture of each chart',
    'rzero machines --format scxml --out ./charts     a file for each chart',
  ])
    .addArgument(new Argument('[name]', 'only this chart').choices(NAMES))
    .addOption(new Option('--format <format>', 'what to write').choices(Object.keys(FORMATS)).default('json'))
    .option('--out <dir>', 'write a file for each chart into this folder')
    .addHelpText(
      'after',
      `
Without a name: JSON is one object by chart, Mermaid a page of Markdown, SCXML the supervisor's document with the others
inside it. Guards, actions and work appear by name; how they compute is code and is left out.`,
    )
    .action((name: ChartName | undefined, { format, out }: MachinesFlags) => {
      const { one, all } = FORMATS[format];
      if (out !== undefined) writeCharts(name === undefined ? NAMES : [name], format, out);
      else printText((name === undefined ? all() : one(name)).trimEnd());
    });
}

function writeCharts(names: readonly ChartName[], format: ChartFormat, folder: string): void {
  const { ending, one } = FORMATS[format];
  try {
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
      const file = join(folder, `${name}.${ending}`);
      writeFileSync(file, `${one(name).trimEnd()}\n`);
      process.stderr.write(`${file}\n`);
    }
  } catch (cause) {
    throw new UsageError(`--out ${folder}: can't be written`, { cause });
  }
}
